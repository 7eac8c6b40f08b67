"""Layerwise beside PyTorch: the same models, batches, optimizer and images, in alternating spells.

compare.sh calls it. PyTorch runs in one process for each number of threads, which stays and waits
between its spells; layerwise-bench is started for each of its own and warms up before it measures.
Before anything is compared, PyTorch tries each way it can run a workload (memory format, traced or
not, Adam looped or in lists; batch sizes of inference) and keeps the fastest.
"""

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import time

TRAINED = {"tiny-cnn": 32, "mlp": 32, "convnet": 128}


# --- PyTorch's side: a process that answers "WORKLOAD SECONDS" with a number ---


def make_model(name):
    from torch import nn

    if name == "tiny-cnn":
        layers = [nn.Conv2d(1, 16, 3), nn.ReLU(inplace=True),
                  nn.Conv2d(16, 16, 3), nn.ReLU(inplace=True),
                  nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)]
    elif name == "mlp":
        layers = [nn.Flatten(), nn.Linear(784, 64), nn.ReLU(inplace=True), nn.Linear(64, 10)]
    else:
        layers = [nn.Conv2d(1, 32, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2),
                  nn.Conv2d(32, 64, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2),
                  nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, 10)]
    return nn.Sequential(*layers)


class Training:
    """An endless run: batches of a permutation, drawn anew each epoch; the loss from logits."""

    def __init__(self, name, images, labels, channels_last, traced, foreach):
        import torch

        self.batch = TRAINED[name]
        self.form = torch.channels_last if channels_last else torch.contiguous_format
        self.images = images.contiguous(memory_format=self.form)
        self.labels = labels
        self.model = make_model(name).to(memory_format=self.form).train()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001, eps=1e-7,
                                          foreach=foreach)
        self.forward = self.model
        if traced:
            self.forward = torch.jit.trace(self.model, self.images[:self.batch],
                                           check_trace=False)
        self.batches = self.draw()

    def draw(self):
        import torch

        while True:
            yield from torch.randperm(len(self.images)).split(self.batch)

    def step(self):
        from torch.nn.functional import cross_entropy

        chosen = next(self.batches)
        images = self.images.index_select(0, chosen)
        loss = cross_entropy(self.forward(images), self.labels.index_select(0, chosen))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return len(chosen)

    def run(self, seconds):
        """Samples a second."""
        begin = time.perf_counter()
        n = 0
        while True:
            n += self.step()
            taken = time.perf_counter() - begin
            if taken >= seconds:
                return n / taken


class Inference:
    """Predictions without gradients, on the model frozen, or frozen and optimised."""

    def __init__(self, images, channels_last, optimised, batch):
        import torch

        form = torch.channels_last if channels_last else torch.contiguous_format
        self.images = images.contiguous(memory_format=form)
        self.batch = batch
        model = make_model("tiny-cnn").to(memory_format=form).eval()
        example = self.images[:batch].contiguous(memory_format=form)
        model = torch.jit.freeze(torch.jit.trace(model, example))
        self.model = torch.jit.optimize_for_inference(model) if optimised else model

    def run(self, seconds):
        """Images a second."""
        import torch

        parts = self.images.split(self.batch)
        begin = time.perf_counter()
        n = 0
        with torch.inference_mode():
            while True:
                for part in parts:
                    self.model(part)
                    n += len(part)
                    taken = time.perf_counter() - begin
                    if taken >= seconds:
                        return n / taken


class Latency(Inference):
    def run(self, seconds):
        """Microseconds from one image to its probabilities, the median."""
        import torch

        image = self.images[:1].clone()
        samples = []
        end = time.perf_counter() + seconds
        with torch.inference_mode():
            while time.perf_counter() < end:
                begin = time.perf_counter()
                torch.softmax(self.model(image), 1)
                samples.append(time.perf_counter() - begin)
        return statistics.median(samples) * 1e6


def ways(name):
    """Every configuration of a workload, as (description, how to make it)."""
    if name in TRAINED:
        formats = [False] if name == "mlp" else [False, True]
        for last, traced, foreach in itertools.product(formats, [False, True], [False, True]):
            yield (f"{'channels_last' if last else 'contiguous'}, "
                   f"{'traced' if traced else 'eager'}, Adam {'in lists' if foreach else 'looped'}",
                   lambda d, a=(last, traced, foreach): Training(name, d[0], d[1], *a))
        return
    batches = [1] if name == "latency" else [32, 100, 250, 1000]
    kind = Latency if name == "latency" else Inference
    for last, optimised, batch in itertools.product([False, True], [False, True], batches):
        yield (f"{'channels_last' if last else 'contiguous'}, "
               f"{'optimised' if optimised else 'frozen'}, batch {batch}",
               lambda d, a=(last, optimised, batch): kind(d[2], *a))


def best_way(name, data, seconds):
    """The fastest way by the median of three trials, all ways in turn."""
    trials = []
    for words, make in ways(name):
        try:
            workload = make(data)
            workload.run(seconds / 3)
            trials.append((words, workload, []))
        except RuntimeError as error:  # a pass that this build of PyTorch has not
            print(f"compare.py: {name}, {words}: {error}", file=sys.stderr)
    for _ in range(3):
        for _, workload, values in trials:
            values.append(workload.run(seconds / 3))
    fastest = min if name == "latency" else max
    return fastest(trials, key=lambda trial: statistics.median(trial[2]))[:2]


def serve(options):
    import numpy
    import torch

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    with numpy.load(options.data) as file:
        images, test = (torch.from_numpy(file[key].astype(numpy.float32) / 255).unsqueeze(1)
                        for key in ("x_train", "x_test"))
        labels = torch.from_numpy(file["y_train"].astype(numpy.int64))
    print(torch.__version__, flush=True)
    workloads = {}
    for line in sys.stdin:
        name, seconds = line.split()
        if name not in workloads:
            words, workloads[name] = best_way(name, (images, labels, test), float(seconds))
            print(words, flush=True)
            continue
        print(workloads[name].run(float(seconds)), flush=True)


# --- The comparison ---


class Torch:
    def __init__(self, options, threads):
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve", "--threads", str(threads),
             "--data", options.data],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, OMP_NUM_THREADS=str(threads)))
        self.version = self.answer()

    def answer(self):
        line = self.process.stdout.readline().strip()
        if not line:
            sys.exit("compare.py: PyTorch's process ended")
        return line

    def ask(self, name, seconds):
        self.process.stdin.write(f"{name} {seconds}\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def ours(options, name, threads, seconds):
    run = subprocess.run([options.bench, "--spell", name, "--threads", str(threads),
                          "--seconds", str(seconds)],
                         stdout=subprocess.PIPE, text=True, check=True)
    return float(run.stdout)


def compare(options):
    everything = len(os.sched_getaffinity(0))
    counts = sorted({1, everything})
    rounds, seconds, trial = (2, 0.2, 0.15) if options.short else (options.rounds, options.seconds, 1.5)
    torch = {threads: Torch(options, threads) for threads in counts}
    cases = [(name, threads) for name in [*TRAINED, "evaluate"] for threads in counts]
    cases.append(("latency", 1))

    print(f"PyTorch {torch[1].version}; medians of {rounds} spells of {seconds:g} s, "
          "Layerwise and PyTorch in turn")
    print("PyTorch's fastest ways here:")
    for name, threads in cases:
        print(f"  {name:9} {threads:2} threads: {torch[threads].ask(name, trial)}", flush=True)

    results = {case: ([], []) for case in cases}
    for _ in range(rounds):
        for case in cases:
            name, threads = case
            results[case][0].append(ours(options, name, threads, seconds))
            results[case][1].append(float(torch[threads].ask(name, seconds)))

    print(f"\n{'':10} {'threads':>7} {'Layerwise':>12} {'PyTorch':>12} {'':10} {'ratio':>6}")
    for (name, threads), (mine, theirs) in results.items():
        a, b = statistics.median(mine), statistics.median(theirs)
        unit = {"latency": "us", "evaluate": "images/s"}.get(name, "samples/s")
        digits = 1 if name == "latency" else 0
        # How many times as fast, for times as well as for speeds.
        ratio = b / a if name == "latency" else a / b
        print(f"{name:10} {threads:7} {a:12.{digits}f} {b:12.{digits}f} {unit:10} {ratio:6.2f}")
    for process in torch.values():
        process.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bench", help="where layerwise-bench is")
    parser.add_argument("--data", required=True, help="where mnist.npz is")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of a spell")
    parser.add_argument("--short", action="store_true", help="a smoke test")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options)
    else:
        compare(options)


if __name__ == "__main__":
    main()
