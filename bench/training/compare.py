"""scones-train beside PyTorch: pictures a second, or right answers at equal epochs.

  compare.py BUILD_DIR PICTURES PART...

PICTURES: made by prepare-pictures, and rows.npy, all training pictures of CIFAR-100. A part ends
after BUDGET seconds at the latest. Only training pictures are used: folds are taken out of them.
Settings are the recipes' own, as scones-train reports them, but for what has no counterpart in
run_torch.py.
"""
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
BENCH = HERE.parent
sys.path.append(str(BENCH / "lib"))
from subject import Subject  # noqa: E402

BUDGET = float(os.environ.get("BUDGET", "100"))
# Of an epoch's times: their median, or on a busy machine, where it says more, the fastest.
FIGURE = min if os.environ.get("FIGURE") == "fastest" else statistics.median
FOLDS = 5
THREADS = (1, 2)
PRECISIONS = ("float32", "bfloat16")
KERNELS = {"float32": "fp32", "bfloat16": "bf16"}
LAYOUTS = ("last", "contiguous")
# How PyTorch's threads wait for each other: as they do by themselves (they spin for a moment), or
# asleep, which is faster where others want the processor. One thread waits for nobody.
WAITS = {1: ("default",), 2: ("default", "passive")}
EPOCHS = 3  # of one run; the first warms up and isn't counted
COMMON = {"num_classes": 2, "image_shape": "3,32,32", "recipe": "small", "augmentation_type": "crop",
          "label_smoothing": 0, "zoom": 0, "cutout": 0, "augmentation_off_epochs": 0,
          "progressive_resizing": "none", "model_selection": "final", "calibration_share": 0,
          "use_pretrained_model": 0, "seed": 0}
FINE_TUNE = {"recipe": "fine_tune"}
# What it is, settings, pictures of an epoch.
SPEED = {
    "resnet-14": ("the network that is fine-tuned by default", FINE_TUNE, 192),
    "resnet-8": ("the network of the small recipe", {}, 640),
    "resnet-20": ("a ResNet-20", {"num_layers": 20, "width_factor": 1, "stem_stride": 1}, 256),
    "resnet-18": ("a ResNet-18, batch 32",
                  {"num_layers": 18, "width_factor": 1, "stem_stride": 1, "mini_batch_size": 32}, 64)}
# What it is, settings.
ACCURACY = {
    "accuracy-14": ("fine-tuned from models/resnet-14-2, 8 epochs",
                    FINE_TUNE | {"epochs": 8, "use_pretrained_model": 1}),
    "accuracy-8": ("the small recipe from scratch, 40 epochs", {"epochs": 40})}
# As the trainer sets for itself: pages of freed memory are kept.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
               "OPENBLAS_NUM_THREADS": "1"}


class OutOfTime(Exception):
    pass


class Job:
    """A finished run of scones-train."""

    def __init__(self, trainer, folder, settings, train_list, test_list="-"):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            tests = folder / "train" if test_list != "-" else "-"
            subprocess.run([BENCH / "lib/training_job.sh", root, folder / "train", train_list, tests,
                            test_list, *(f"{key}={value}" for key, value in settings.items())],
                           check=True)
            done = subprocess.run([trainer], env=os.environ | {"SCONES_TRAINING_ROOT": name},
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode != 0:
                raise SystemExit(f"scones-train failed:\n{done.stdout[-2000:]}")
            metadata = json.loads((root / "model/metadata.json").read_text())
        self.settings = metadata["hyperparameters"]
        self.correct = metadata["metrics"].get("validation_correct")
        self.epochs = [float(text) for text in re.findall(r"Time cost=([0-9.]+)", done.stdout)]
        self.network, millions = re.search(
            r"Network: (.*), ([0-9.]+) million multiply-adds", done.stdout).groups()
        self.multiply_adds = 1e6 * float(millions)


def take(lines, count):
    return "".join(lines[:: max(len(lines) // count, 1)][:count])


def write_settings(settings, scratch):
    path = scratch / "settings.json"
    path.write_text(json.dumps({name: str(value) for name, value in settings.items()}))
    return path


def start_peers(settings_path, folder, pictures):
    """By (threads, wait)."""
    return {(threads, wait): Subject(
        "PyTorch", [sys.executable, HERE / "run_torch.py", settings_path, folder / "rows.npy",
                    pictures, str(threads)],
        **KEEP_MEMORY, **({} if wait == "default" else {"OMP_WAIT_POLICY": wait}))
        for threads in THREADS for wait in WAITS[threads]}


def find_fastest(peers, batch):
    """PyTorch's (layout, wait) by (precision, threads), from two batches each after a warm-up."""
    def seconds(precision, threads, way):
        return json.loads(peers[threads, way[1]].ask(precision, way[0], 2, 2 * batch))[1]

    return {(precision, threads): min(
        [(layout, wait) for layout in LAYOUTS for wait in WAITS[threads]],
        key=lambda way: seconds(precision, threads, way))
        for precision in PRECISIONS for threads in THREADS}


def one_round(trainers, peers, limits, ways, run_ours, count):
    """Seconds of epochs by (subject, precision, threads); of "kernels", multiply-adds a second."""
    epochs = {}
    for threads in THREADS:
        for precision in PRECISIONS:
            epochs["kernels", precision, threads] = [
                float(limits[threads].ask("peak", KERNELS[precision], 3))]
            for who, trainer in trainers.items():
                job = run_ours(trainer, {"num_threads": threads, "precision_dtype": precision})
                epochs[who, precision, threads] = job.epochs[1:]
            layout, wait = ways[precision, threads]
            answer = peers[threads, wait].ask(precision, layout, EPOCHS, count)
            epochs["PyTorch", precision, threads] = json.loads(answer)[1:]
    return epochs


def measure(run_round, deadline):
    """What all rounds gave, as one_round gives it, and how many rounds fitted."""
    epochs, rounds, longest = {}, 0, 0.0
    try:
        while time.monotonic() + longest < deadline:
            started = time.monotonic()
            for subject, seconds in run_round().items():
                epochs.setdefault(subject, []).extend(seconds)
            rounds += 1
            longest = max(longest, time.monotonic() - started)
    except OutOfTime:
        if rounds == 0:
            raise
    return epochs, rounds


def print_speed(count, job, epochs, subjects):
    seconds = {subject: FIGURE(values) for subject, values in epochs.items()}
    peaks = {subject[1:]: max(values) for subject, values in epochs.items()
             if subject[0] == "kernels"}
    print("| | 1 thread | 2 threads | from 1 to 2 | the limit, 1 and 2 threads | of the limit |\n"
          "|---|---|---|---|---|---|")
    for who, precision in subjects:
        taken = {threads: seconds[who, precision, threads] for threads in THREADS}
        # A step multiplies three times: forwards, for the weights' gradient, for the input's.
        limit = {threads: peaks[precision, threads] / (3 * job.multiply_adds) for threads in THREADS}
        cells = [f"{count / taken[threads]:.0f} "
                 f"({seconds['PyTorch', 'float32', threads] / taken[threads]:.2f}×)"
                 for threads in THREADS]
        cells.append(f"{taken[1] / taken[2]:.2f}×")
        cells.append(" and ".join(f"{limit[threads]:.0f}" for threads in THREADS))
        cells.append(" and ".join(f"{count / taken[threads] / limit[threads]:.2f}"
                                  for threads in THREADS))
        print(f"| {who} {precision} | " + " | ".join(cells) + " |")


def speed(trainers, build, folder, name, deadline):
    title, changes, count = SPEED[name]
    given = COMMON | changes | {"epochs": EPOCHS, "use_pretrained_model": 0}
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = pathlib.Path(scratch_name)
        pictures = scratch / "train.lst"
        pictures.write_text(take((folder / "train.lst").read_text().splitlines(True), count))

        def run_ours(trainer, settings):
            return Job(trainer, folder, given | settings, pictures)

        job = run_ours(trainers["ours"], {"epochs": 1})
        path = write_settings(job.settings, scratch)
        peers = start_peers(path, folder, pictures)
        limits = {threads: Subject("limits", [build / "kernel_limits"], OMP_NUM_THREADS=str(threads))
                  for threads in THREADS}
        try:
            ways = find_fastest(peers, int(job.settings["mini_batch_size"]))
            epochs, rounds = measure(
                lambda: one_round(trainers, peers, limits, ways, run_ours, count), deadline)
        finally:
            for subject in [*peers.values(), *limits.values()]:
                subject.process.kill()
    figure = "fastest" if FIGURE is min else "median"
    print(f"## {name}: {title}\n\n{job.network}, {job.multiply_adds / 1e6:.1f} million multiply-adds "
          f"a picture, batch {job.settings['mini_batch_size']}. Pictures a second, {figure} of "
          f"{rounds} rounds of {EPOCHS - 1} epochs of {count} pictures; in brackets beside PyTorch's "
          "float32 on as many threads.\n")
    print_speed(count, job, epochs,
                [(who, precision) for who in [*trainers, "PyTorch"] for precision in PRECISIONS])
    library = peers[THREADS[0], WAITS[THREADS[0]][0]].greeting[6:]
    print(f"\nPyTorch multiplies matrices with {library}; layout and way of waiting, whichever was "
          "faster: " + ", ".join(
              f"{precision} on {threads} channels {layout}, {wait}"
              for (precision, threads), (layout, wait) in ways.items())
          + f". Load {os.getloadavg()[0]:.1f}.\n", flush=True)


def right_of_torch(folder, settings_path, lists, backbone):
    done = subprocess.run(
        [sys.executable, HERE / "run_torch.py", settings_path, folder / "rows.npy", *lists,
         str(max(THREADS)), "float32", "last", *backbone],
        env=os.environ | KEEP_MEMORY, stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout)


def one_fold(trainer, folder, given, fold):
    """(right, of) by subject."""
    lines = (folder / "train.lst").read_text().splitlines(True)
    backbone = [BENCH.parent / "models/resnet-14-2.safetensors"] * given["use_pretrained_model"]
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = pathlib.Path(scratch_name)
        lists = scratch / "in.lst", scratch / "out.lst"
        held = [line for i, line in enumerate(lines) if i % FOLDS == fold]
        lists[0].write_text("".join(line for i, line in enumerate(lines) if i % FOLDS != fold))
        lists[1].write_text("".join(held))
        right = {}
        for precision in reversed(PRECISIONS):
            settings = given | {"seed": fold, "num_threads": max(THREADS),
                                "precision_dtype": precision}
            job = Job(trainer, folder, settings, *lists)
            right[f"ours {precision}"] = job.correct, len(held)
        path = write_settings(job.settings, scratch)
        right["PyTorch float32"] = right_of_torch(folder, path, lists, backbone), len(held)
    return right


def accuracy(trainer, folder, name, folds, deadline):
    title, changes = ACCURACY[name]
    given = COMMON | changes
    totals, longest, done = {}, 0.0, []
    try:
        for fold in folds:
            started = time.monotonic()
            if started + longest > deadline:
                break
            for who, count in one_fold(trainer, folder, given, fold).items():
                totals.setdefault(who, []).append(count)
            done.append(fold)
            longest = max(longest, time.monotonic() - started)
    except OutOfTime:
        if not done:
            raise
    print(f"## {name}: {title}\n\nRight answers on folds {', '.join(map(str, done))} of {FOLDS} of the "
          "training pictures, each by a network that was trained on the other folds.\n")
    print("| | " + " | ".join(f"fold {fold}" for fold in done) + " | all |")
    print("|---" * (len(done) + 2) + "|")
    for who, counts in totals.items():
        right, of = map(sum, zip(*counts))
        cells = [str(correct) for correct, _ in counts]
        print(f"| {who} | " + " | ".join(cells) + f" | {right} of {of} = {right / of:.4f} |")
    print(flush=True)


def out_of_time(*_):
    raise OutOfTime


def main():
    build, folder, parts = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    unknown = [part for part in parts if part not in SPEED | ACCURACY]
    if unknown:
        raise SystemExit(f"no part {unknown[0]}: there are {', '.join(SPEED | ACCURACY)}")
    trainers = {"ours": build / "scones-train"}
    if "BEFORE" in os.environ:
        trainers["before"] = os.environ["BEFORE"]
    folds = list(map(int, os.environ.get("FOLDS", "0 1 2 3 4").split()))
    signal.signal(signal.SIGALRM, out_of_time)
    for part in parts:
        signal.setitimer(signal.ITIMER_REAL, BUDGET)
        deadline = time.monotonic() + BUDGET - 2
        try:
            if part in SPEED:
                speed(trainers, build, folder, part, deadline)
            else:
                accuracy(trainers["ours"], folder, part, folds, deadline)
        except OutOfTime:
            raise SystemExit(f"{part}: nothing was finished within {BUDGET:.0f} s: set BUDGET") from None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main()
