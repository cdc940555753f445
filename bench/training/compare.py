"""scones-train beside PyTorch: pictures a second, or right answers at equal epochs.

  compare.py speed TRAINER PICTURES NETWORK...
  compare.py accuracy TRAINER PICTURES FOLD...      (of 5)

PICTURES: made by prepare-pictures, and rows.npy, all training pictures of CIFAR-100. Subjects run in turn, ROUNDS times; a figure is the median over
all epochs but each run's first. Only training pictures are used: folds are taken out of them.
"""
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
ROUNDS = int(os.environ.get("ROUNDS", "3"))
FOLDS = 5

# The small recipe with every setting named, but for colour shifts, which have no counterpart.
RECIPE = {
    "num_classes": "2", "image_shape": "3,32,32", "recipe": "documented", "num_layers": "8",
    "width_factor": "2", "stem_stride": "2", "mini_batch_size": "64", "batch_parts": "2",
    "epochs": "150", "augmentation_type": "crop", "crop_padding": "4", "optimizer": "nag",
    "learning_rate": "0.2", "momentum": "0.9", "weight_decay": "0.0005", "lr_schedule": "cosine",
    "warmup_epochs": "4", "mixup_alpha": "0.2", "cutmix_alpha": "1", "mix_probability": "0.8",
    "ema_decay": "0.99", "model_selection": "final", "use_pretrained_model": "0", "seed": "0"}
# Settings, pictures and epochs of a run.
NETWORKS = {
    "resnet-8": ("ResNet-8, 2 times wide, half resolution (the small recipe), batch 64", {}, 480, 4),
    "resnet-20": ("ResNet-20, batch 64",
                  {"num_layers": "20", "width_factor": "1", "stem_stride": "1"}, 320, 4),
    "resnet-18": ("ResNet-18, batch 32",
                  {"num_layers": "18", "width_factor": "1", "stem_stride": "1",
                   "mini_batch_size": "32"}, 64, 3)}
PRECISIONS = ("float32", "bfloat16")
# Of PyTorch, each layout and way of waiting is tried, and the fastest goes into the rounds.
WAYS = [(layout, wait) for layout in ("last", "contiguous") for wait in ("passive", "active")]


def run_ours(trainer, folder, settings, lists, threads, precision):
    """Seconds of each epoch; right answers where there is a test list; wall seconds in all."""
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        (root / "input/config").mkdir(parents=True)
        channels = {"train": lists[0]} | ({"validation": lists[1]} if lists[1] else {})
        configuration = {}
        for channel, path in channels.items():
            (root / f"input/data/{channel}_lst").mkdir(parents=True)
            (root / f"input/data/{channel}").symlink_to((folder / "train").resolve())
            (root / f"input/data/{channel}_lst/{channel}.lst").write_text(path.read_text())
            configuration |= {entry: {"ContentType": "application/x-image"}
                              for entry in (channel, f"{channel}_lst")}
        count = len(lists[0].read_text().splitlines())
        values = settings | {"num_training_samples": str(count), "num_threads": str(threads),
                             "precision_dtype": precision}
        (root / "input/config/hyperparameters.json").write_text(json.dumps(values))
        (root / "input/config/inputdataconfig.json").write_text(json.dumps(configuration))
        started = time.perf_counter()
        done = subprocess.run([trainer], env=dict(os.environ, SCONES_TRAINING_ROOT=str(root)),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wall = time.perf_counter() - started
        if done.returncode != 0:
            raise SystemExit(f"scones-train failed:\n{done.stdout[-2000:]}")
        metadata = json.loads((root / "model/metadata.json").read_text())
    seconds = [float(text) for text in re.findall(r"Time cost=([0-9.]+)", done.stdout)]
    return seconds, metadata["metrics"].get("validation_correct"), wall


def run_torch(folder, settings, lists, threads, precision, way):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(settings, file)
        file.flush()
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, str(HERE / "run_torch.py"), file.name, str(folder / "rows.npy"), str(lists[0]),
             str(lists[1] or "-"), str(threads), precision, way[0]],
            env=dict(os.environ, OMP_WAIT_POLICY=way[1], OPENBLAS_NUM_THREADS="1"),
            stdout=subprocess.PIPE, text=True, check=True)
        wall = time.perf_counter() - started
    result = json.loads(done.stdout)
    return result["seconds"], result.get("correct"), wall


def fastest_way(folder, settings, lists, threads, precision):
    """From a run of two epochs of each; one thread waits for nobody."""
    short = settings | {"epochs": "2"}
    ways = WAYS if threads > 1 else [way for way in WAYS if way[1] == "passive"]
    return min(ways, key=lambda way: run_torch(folder, short, lists, threads, precision, way)[0][1])


def measure(trainers, folder, settings, lists, ways):
    """Median seconds of an epoch by (subject, precision, threads)."""
    epochs = {}
    for _ in range(ROUNDS):
        for threads in (1, 2):
            for precision in PRECISIONS:
                for who in [*trainers, "PyTorch"]:
                    seconds = (run_torch(folder, settings, lists, threads, precision,
                                         ways[precision, threads])
                               if who == "PyTorch" else
                               run_ours(trainers[who], folder, settings, lists, threads,
                                        precision))[0]
                    epochs.setdefault((who, precision, threads), []).extend(seconds[1:])
    return {subject: statistics.median(seconds) for subject, seconds in epochs.items()}


def speed(trainers, folder, name):
    title, changes, count, epochs = NETWORKS[name]
    settings = RECIPE | changes | {"epochs": str(epochs)}
    with tempfile.TemporaryDirectory() as scratch:
        lines = (folder / "train.lst").read_text().splitlines(keepends=True)
        lists = (pathlib.Path(scratch) / "train.lst", None)
        lists[0].write_text("".join(lines[:: len(lines) // count][:count]))
        trial = (pathlib.Path(scratch) / "trial.lst", None)
        tried = max(count // 4, int(settings["mini_batch_size"]))
        trial[0].write_text("".join(lines[:: len(lines) // tried][:tried]))
        ways = {(precision, threads): fastest_way(folder, settings, trial, threads, precision)
                for precision in PRECISIONS for threads in (1, 2)}
        seconds = measure(trainers, folder, settings, lists, ways)
    columns = [(who, precision) for who in [*trainers, "PyTorch"] for precision in PRECISIONS]
    print(f"## {title}\n\nPictures a second, {ROUNDS} rounds of {epochs} epochs of {count} pictures; "
          "in brackets beside PyTorch's float32 on as many threads.\n")
    print("| | " + " | ".join(map(" ".join, columns)) + " |\n" + "|---" * (len(columns) + 1) + "|")
    for threads in (1, 2):
        peer = seconds["PyTorch", "float32", threads]
        cells = [f"{count / taken:.0f} ({peer / taken:.2f}×)"
                 for taken in (seconds[column + (threads,)] for column in columns)]
        print(f"| {threads} thread{'s' if threads > 1 else ''} | " + " | ".join(cells) + " |")
    scaling = [f"{seconds[column + (1,)] / seconds[column + (2,)]:.2f}×" for column in columns]
    print("| from 1 to 2 | " + " | ".join(scaling) + " |\n")
    print("PyTorch's layout and way of waiting: " + "; ".join(
        f"{precision} on {threads} {' '.join(way)}" for (precision, threads), way in ways.items())
        + f". Load {os.getloadavg()[0]:.1f}.\n", flush=True)


def accuracy(trainer, folder, folds):
    lines = (folder / "train.lst").read_text().splitlines(keepends=True)
    totals = {}
    print("| fold | subject | right | wall, s |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        lists = pathlib.Path(scratch) / "in.lst", pathlib.Path(scratch) / "out.lst"
        for fold in folds:
            held = [line for i, line in enumerate(lines) if i % FOLDS == fold]
            lists[0].write_text("".join(line for i, line in enumerate(lines) if i % FOLDS != fold))
            lists[1].write_text("".join(held))
            settings = RECIPE | {"seed": str(fold)}
            runs = {"ours bfloat16": lambda: run_ours(trainer, folder, settings, lists, 2, "bfloat16"),
                    "ours float32": lambda: run_ours(trainer, folder, settings, lists, 2, "float32"),
                    "PyTorch float32": lambda: run_torch(folder, settings, lists, 1, "float32",
                                                         ("last", "passive"))}
            for who, run in runs.items():
                _, correct, wall = run()
                totals.setdefault(who, []).append((correct, len(held)))
                print(f"| {fold} | {who} | {correct} of {len(held)} | {wall:.1f} |", flush=True)
    for who, counts in totals.items():
        correct, tested = map(sum, zip(*counts))
        print(f"| all | {who} | {correct} of {tested} = {correct / tested:.4f} | |")
    print()


def main():
    what, trainer, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    if what == "accuracy":
        accuracy(trainer, folder, list(map(int, sys.argv[4:])))
        return
    trainers = {"ours": trainer}
    if "BEFORE" in os.environ:
        trainers["before"] = os.environ["BEFORE"]
    for name in sys.argv[4:]:
        speed(trainers, folder, name)


if __name__ == "__main__":
    main()
