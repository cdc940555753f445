"""Measures one network in rounds: each subject in turn, on one thread, and prints tables.

  compare.py BUILD_DIR NODE_MODULES NETWORK_DIR NAME BATCH...

Subjects are processes that wait for commands (bench/engine_run.cc has the protocol), so that all
of them meet the same disturbances.
"""
import json
import os
import pathlib
import statistics
import sys

import numpy

ROUNDS = int(os.environ.get("ROUNDS", "7"))
# Of the rounds' medians: their median, or on a busy machine, where it says more, the fastest.
FIGURE = min if os.environ.get("FIGURE") == "fastest" else statistics.median
SLOT_SECONDS = 0.2  # about as long a subject runs in a round
PRECISIONS = ("fp32", "bf16", "int8")
HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent / "lib"))
from subject import Subject  # noqa: E402


def start(build, node_modules, folder, name, facts, batches):
    texts, model = list(map(str, batches)), folder / name
    one = {"OMP_NUM_THREADS": "1"}
    subjects = [Subject(f"ours {precision}",
                        [f"{build}/engine_run", f"{model}.onnx", f"{model}.input",
                         str(max(batches)), precision], **one) for precision in PRECISIONS]
    subjects.append(Subject("onnxruntime", ["node", str(HERE / "run_onnxruntime.js"),
                                            f"{model}.onnx", f"{model}.input",
                                            str(facts["size"]), *texts],
                            NODE_PATH=node_modules, **one))
    subjects.append(Subject("torch", [sys.executable, str(HERE / "run_torch.py"), f"{model}.pt",
                                      f"{model}.input", str(facts["size"]), *texts], **one))
    return subjects


def measure(subjects, limits, folder, name, batches):
    """Seconds by (subject's name, batch), and the limits' answers by (what, precision, batch)."""
    runs = {}
    for subject in subjects:
        for batch in batches:
            subject.ask("time", batch, 1)
            runs[subject.name, batch] = max(
                1, min(200, round(SLOT_SECONDS / float(subject.ask("time", batch, 3)))))
    times, bounds = {}, {}
    for _ in range(ROUNDS):
        for batch in batches:
            for subject in subjects:
                seconds = float(subject.ask("time", batch, runs[subject.name, batch]))
                times.setdefault((subject.name, batch), []).append(seconds)
            for precision in PRECISIONS:
                tries = max(2, min(20, runs["onnxruntime", batch]))
                bounds.setdefault(("floor", precision, batch), []).append(float(limits.ask(
                    "floor", precision, batch, tries, folder / f"{name}.convolutions")))
        for precision in PRECISIONS:
            bounds.setdefault(("peak", precision, 0), []).append(
                float(limits.ask("peak", precision, 4)))
    return ({key: FIGURE(values) for key, values in times.items()},
            {key: (max if key[0] == "peak" else min)(values) for key, values in bounds.items()})


def differences(subjects, folder, name, facts, batch):
    outputs = {}
    for subject in subjects:
        path = folder / f"{name}.output"
        subject.ask("outputs", batch, path)
        outputs[subject.name] = numpy.fromfile(path, numpy.float32).reshape(batch, facts["classes"])
    reference = outputs["onnxruntime"]
    spread = reference.std()
    rows = []
    for subject, output in outputs.items():
        if subject == "onnxruntime":
            continue
        same = int((output.argmax(1) == reference.argmax(1)).sum())
        rows.append(f"{subject} {abs(output - reference).max():.2g} ({same} of {batch} alike)")
    print(f"Outputs beside onnxruntime's, largest absolute difference (logits have a standard "
          f"deviation of {spread:.2g}) and same first class: {'; '.join(rows)}.\n")


def print_tables(times, bounds, subjects, facts, batches):
    ratios = [s.name for s in subjects if s.name != "onnxruntime"]
    kind = "fastest" if FIGURE is min else "median"
    print(f"Milliseconds a picture, {kind} of {ROUNDS} rounds; in brackets onnxruntime's time divided by this.\n")
    print("| batch | onnxruntime fp32 | " + " | ".join(
        "torch fp32" if name == "torch" else name for name in ratios) + " |")
    print("|---" * (len(ratios) + 2) + "|")
    for batch in batches:
        peer = times["onnxruntime", batch]
        cells = [f"{1e3 * times[name, batch] / batch:.3f} ({peer / times[name, batch]:.2f}×)"
                 for name in ratios]
        print(f"| {batch} | {1e3 * peer / batch:.3f} | " + " | ".join(cells) + " |")
    if not facts["convolutions"]:
        return
    print("\nThe limits: arithmetic is the time at the best kernel's speed, floor that of the bare "
          "convolutions.\n")
    print("| batch | precision | arithmetic, ms a picture | floor | ours | ours / floor "
          "| ours / arithmetic | GFLOP/s, of peak |")
    print("|---" * 8 + "|")
    for batch in batches:
        for precision in PRECISIONS:
            ours = times.get((f"ours {precision}", batch))
            if ours is None:
                continue
            peak = bounds["peak", precision, 0]
            least, floor = facts["multiply_adds"] / peak, bounds["floor", precision, batch] / batch
            ours /= batch
            print(f"| {batch} | {precision} | {1e3 * least:.3f} | {1e3 * floor:.3f} "
                  f"| {1e3 * ours:.3f} | {ours / floor:.2f} | {ours / least:.2f} "
                  f"| {2e-9 * facts['multiply_adds'] / ours:.0f} of {2e-9 * peak:.0f} |")


def main():
    build, node_modules, folder, name = sys.argv[1:5]
    folder, batches = pathlib.Path(folder), list(map(int, sys.argv[5:]))
    facts = json.loads((folder / f"{name}.json").read_text())
    facts["convolutions"] = (folder / f"{name}.convolutions").stat().st_size > 0
    everyone = start(build, node_modules, folder, name, facts, batches)
    subjects = [subject for subject in everyone if subject.works]
    limits = Subject("limits", [f"{build}/kernel_limits"], OMP_NUM_THREADS="1")
    print(f"## {name}, {facts['size']}×{facts['size']}, "
          f"{facts['multiply_adds'] / 1e6:.1f} million multiply-adds\n")
    for subject in everyone:
        if not subject.works:
            print(f"{subject.name} — {subject.greeting}\n")
    if not {"onnxruntime", "torch"} <= {subject.name for subject in subjects}:
        raise SystemExit("a peer is missing")
    times, bounds = measure(subjects, limits, folder, name, batches)
    print_tables(times, bounds, subjects, facts, batches)
    print(f"\nPyTorch's fastest way, by batch: {subjects[-1].greeting[6:]}. Load {os.getloadavg()[0]:.1f}.")
    differences(subjects, folder, name, facts, min(max(batches), 32))
    for subject in everyone + [limits]:
        subject.end()


if __name__ == "__main__":
    main()
