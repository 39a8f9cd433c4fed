# SPDX-License-Identifier: Apache-2.0
"""Times the detection operators beside torchvision's compiled ones, in one run; prints a Markdown table.

    python3 operators.py PLUGIN PYTHON [THREADS]

PLUGIN is BUILD/lib/libmaskmill_operators.so, PYTHON one with the torch that it was built with, and `python3` one with a
torchvision that has its operators, such as Debian's python3-torchvision. Each side is a process that stays; they are asked
in turns, their answers compared first. A ratio is the median over the rounds of theirs to ours.
"""
import json
import statistics
import subprocess
import sys
import time

ROUNDS = 9


def cases(torch):
    """Name to (function to time, what to compare). The same numbers in every version of torch."""
    ops = torch.ops.torchvision
    generator = torch.Generator().manual_seed(7)

    def uniform(*shape):
        return torch.rand(*shape, generator=generator)

    def boxes(count, objects):
        """Two thirds around objects, the rest anywhere, on 1333 x 800 pixels."""
        at = uniform(objects, 4)[torch.arange(count) % objects] + (uniform(count, 4) - 0.5) * 0.12
        at = torch.where((torch.arange(count) % 3 == 0)[:, None], uniform(count, 4), at)
        centre, size = at[:, :2] * torch.tensor([1333.0, 800.0]), 16 + at[:, 2:].abs() * 180
        return torch.cat([centre - size / 2, centre + size / 2], 1)

    found = {}
    for count in (1000, 5000):
        some, scores = boxes(count, 60), uniform(count)
        for threshold in (0.7, 0.3):
            found[f"nms, {count} boxes, IoU {threshold}"] = (
                lambda some=some, scores=scores, threshold=threshold: ops.nms(some, scores, threshold),
                lambda kept: kept.tolist())
    level = torch.randn(2, 256, 200, 336, generator=generator)

    def compared(result):
        return [round(value, 3) for value in result.double().flatten()[::9973].tolist()]

    for count, side in ((512, 7), (1000, 7), (100, 14)):
        rois = torch.cat([(torch.arange(count) % 2).float()[:, None], boxes(count, 60)], 1)
        for layout, memory in (("channels-last", torch.channels_last), ("contiguous", torch.contiguous_format)):
            name = f"roi_align {side}x{side}, {count} regions, {layout}"
            image = level.contiguous(memory_format=memory)

            def forward(image=image, rois=rois, side=side):
                return ops.roi_align(image, rois, 0.25, side, side, 2, False)

            grad = torch.randn(count, 256, side, side, generator=generator)

            def both(image=image, forward=forward, grad=grad):
                leaf = image.detach().requires_grad_()
                forward(leaf).backward(grad)
                return leaf.grad

            found[name] = (forward, compared)
            found[name + ", with gradient"] = (both, compared)
    return found


def serve(threads, plugin):
    import torch
    if plugin:
        torch.ops.load_library(plugin)
    else:
        import torchvision  # noqa: F401
    torch.set_num_threads(threads)
    known = cases(torch)
    print(json.dumps([torch.__version__, list(known)]), flush=True)
    for line in sys.stdin:
        name, compare = json.loads(line)
        run, compared = known[name]
        if compare:
            print(json.dumps(compared(run())), flush=True)
            continue
        repeats, start = 0, time.perf_counter()
        while repeats < 3 or time.perf_counter() - start < 0.15:
            run()
            repeats += 1
        print(json.dumps((time.perf_counter() - start) / repeats), flush=True)


class Side:
    def __init__(self, words):
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version, self.names = json.loads(self.process.stdout.readline())

    def ask(self, name, compare=False):
        self.process.stdin.write(json.dumps([name, compare]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def agree(ours, theirs):
    return len(ours) == len(theirs) and all(abs(a - b) <= 2e-3 * max(1, abs(b)) for a, b in zip(ours, theirs))


def main(plugin, python, threads="2"):
    ours = Side([python, __file__, "--serve", threads, plugin])
    theirs = Side([sys.executable, __file__, "--serve", threads, ""])
    print(f"{threads} threads; ours in torch {ours.version}, torchvision's in {theirs.version}\n")
    print("| task | ours, ms | torchvision, ms | theirs : ours (quartiles) |\n|---|---|---|---|")
    for name in ours.names:
        if not agree(ours.ask(name, compare=True), theirs.ask(name, compare=True)):
            sys.exit(f"{name}: the two do not agree")
        pairs = [(ours.ask(name), theirs.ask(name)) for _ in range(ROUNDS)]
        ratios = [b / a for a, b in pairs]
        low, middle, high = statistics.quantiles(ratios, n=4)
        mine, other = (statistics.median(side) * 1000 for side in zip(*pairs))
        print(f"| {name} | {mine:.2f} | {other:.2f} | {middle:.1f} ({low:.1f} to {high:.1f}) |", flush=True)
    for side in (ours, theirs):
        side.process.stdin.close()
        side.process.wait()


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(int(sys.argv[2]), sys.argv[3])
    else:
        main(*sys.argv[1:])
