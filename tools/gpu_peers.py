# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What PyTorch makes of Zorro-ViT-B on the same GPU: the peers that tools/gpu-check times."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
AUDIO, FUSION, VIDEO = 512, 16, 784  # tokens
WIDTH, HEADS, LAYERS, HIDDEN, CLASSES = 768, 12, 12, 3072, 527


def comparePeers(check):
    try:
        import torch
    except ImportError:
        print("no PyTorch here: nothing to compare with")
        return
    if not torch.cuda.is_available():
        print("PyTorch finds no GPU: nothing to compare with")
        return
    peers = Peers(check, torch)
    for part in (peers.models, peers.attention, peers.products):
        try:
            part()
        except Exception as error:  # a peer that cannot run is a line
            print(f"{part.__name__}: {type(error).__name__}: {str(error).splitlines()[0]}")


class Peers:
    def __init__(self, check, torch):
        self.check, self.torch = check, torch
        check.result["torch"] = torch.__version__
        torch.set_grad_enabled(False)

    def milliseconds(self, run):
        """The median of at least ten runs, replayed as a CUDA graph where the run can be one."""
        torch = self.torch
        for _ in range(3):
            run()
        torch.cuda.synchronize()
        try:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                run()
            replay = graph.replay
        except RuntimeError:
            torch.cuda.synchronize()
            replay = run
        spans = []
        for _ in range(20):
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            replay()
            end.record()
            end.synchronize()
            spans.append(begin.elapsed_time(end))
        return sorted(spans)[len(spans) // 2]

    # The whole model.

    def model(self, style):
        torch = self.torch
        sys.path.insert(0, os.path.join(ROOT, "test", "models"))
        import make_zorro
        if style == "flex":
            self.addFlex(make_zorro)
        config = make_zorro.Config({"audio": (8, 64), "video": (4, 14, 14)},
                                   ["audio", "fusion", "video"], FUSION, WIDTH, LAYERS, HEADS,
                                   HIDDEN, CLASSES, 16, 2, style)
        torch.manual_seed(0)
        return make_zorro.ZorroModel(config).eval().to("cuda", torch.bfloat16), config

    def addFlex(self, module):
        """FlexAttention with a BlockMask, as its documentation tells to use it."""
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention
        torch, masks = self.torch, {}

        def flex(attention, query, key, value, mask):
            rows, columns = mask.shape
            if (rows, columns) not in masks:
                masks[rows, columns] = create_block_mask(
                    lambda b, h, q, k: mask[q, k], None, None, rows, columns, device="cuda")
            if rows < 16:  # pooling: a handful of queries
                return attention.sdpa(query, key, value, mask)
            return flex_attention(query, key, value, block_mask=masks[rows, columns])

        module.MaskedAttention.flex = flex

    def models(self):
        torch = self.torch
        for batch in map(int, self.check.args.batches.split(",")):
            for who, style, compiled in (("torch, SDPA with a mask", "sdpa", False),
                                         ("torch.compile, SDPA with a mask", "sdpa", True),
                                         ("torch.compile, FlexAttention", "flex", True)):
                model, config = self.model(style)
                inputs = [torch.randn(config.inputShape(n, batch), device="cuda",
                                      dtype=torch.bfloat16) for n in ("audio", "video")]
                if style == "flex":
                    model(*inputs)  # makes the block masks, outside of what is compiled
                run = torch.compile(model, dynamic=False) if compiled else model
                try:
                    spent = self.milliseconds(lambda: run(*inputs))
                except Exception as error:
                    print(f"{who}: {type(error).__name__}: {str(error).splitlines()[0]}")
                    continue
                self.check.add({"who": who, "entry": "fused", "batch": batch, "ms": spent})
                del model, run
                torch.cuda.empty_cache()

    # Single kernels, at batch 8.

    def row(self, who, what, milliseconds, multiplyAdds):
        self.check.result["kernels"].append(
            {"who": who, "kernel": what, "us": milliseconds * 1e3,
             "tflops": 2e-9 * multiplyAdds / milliseconds})
        print(f"  {who:34} {what:30} {milliseconds * 1e3:9.1f} us "
              f"{2e-9 * multiplyAdds / milliseconds:7.1f} TFLOP/s")

    def attention(self):
        torch = self.torch
        from torch.nn.attention import SDPBackend, sdpa_kernel
        sdpa, size = torch.nn.functional.scaled_dot_product_attention, WIDTH // HEADS
        total = AUDIO + FUSION + VIDEO
        live = AUDIO * AUDIO + VIDEO * VIDEO + FUSION * total
        query, key, value = (torch.randn(8, HEADS, total, size, device="cuda",
                                         dtype=torch.bfloat16) for _ in range(3))
        kinds = torch.cat([torch.full((n,), i, device="cuda")
                           for i, n in enumerate((AUDIO, FUSION, VIDEO))])
        mask = (kinds[:, None] == kinds) | (kinds[:, None] == 1)
        work = 8 * HEADS * 2 * size

        def pieces():
            for begin, end, first, last in ((0, AUDIO, 0, AUDIO),
                                            (AUDIO, AUDIO + FUSION, 0, total),
                                            (AUDIO + FUSION, total, AUDIO + FUSION, total)):
                sdpa(query[:, :, begin:end], key[:, :, first:last], value[:, :, first:last])

        self.row("SDPA with a mask", "attention, fused",
                 self.milliseconds(lambda: sdpa(query, key, value, attn_mask=mask)), work * live)
        for name, backend in (("cuDNN", SDPBackend.CUDNN_ATTENTION),
                              ("flash attention", SDPBackend.FLASH_ATTENTION)):
            with sdpa_kernel([backend]):
                self.row(f"{name}, three calls on slices", "attention, fused",
                         self.milliseconds(pieces), work * live)
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention
        block = create_block_mask(lambda b, h, q, k: mask[q, k], None, None, total, total,
                                  device="cuda")
        flex = torch.compile(flex_attention, dynamic=False)
        self.row("FlexAttention", "attention, fused",
                 self.milliseconds(lambda: flex(query, key, value, block_mask=block)),
                 work * live)
        for tokens in (AUDIO, VIDEO):
            part = [x[:, :, :tokens] for x in (query, key, value)]
            for name, backend in (("cuDNN", SDPBackend.CUDNN_ATTENTION),
                                  ("flash attention", SDPBackend.FLASH_ATTENTION)):
                with sdpa_kernel([backend]):
                    self.row(name, f"attention, {tokens} tokens",
                             self.milliseconds(lambda: sdpa(*part)), work * tokens * tokens)
        self.flashThree(query, key, value, work)

    def flashThree(self, query, key, value, work):
        try:
            from flash_attn_interface import flash_attn_func
        except ImportError:
            print("  FlashAttention-3 is not installed here")
            return
        for tokens in (AUDIO, VIDEO):
            part = [x[:, :, :tokens].transpose(1, 2).contiguous() for x in (query, key, value)]
            self.row("FlashAttention-3", f"attention, {tokens} tokens",
                     self.milliseconds(lambda: flash_attn_func(*part)), work * tokens * tokens)

    def products(self):
        torch, rows = self.torch, 8 * (AUDIO + FUSION + VIDEO)
        for k, n in ((WIDTH, 3 * WIDTH), (WIDTH, WIDTH), (WIDTH, HIDDEN), (HIDDEN, WIDTH)):
            x = torch.randn(rows, k, device="cuda", dtype=torch.bfloat16)
            weight = torch.randn(n, k, device="cuda", dtype=torch.bfloat16)
            bias = torch.randn(n, device="cuda", dtype=torch.bfloat16)
            self.row("cuBLASLt, with bias", f"contract_{k}x{n}, {rows} rows",
                     self.milliseconds(lambda: torch.nn.functional.linear(x, weight, bias)),
                     rows * k * n)
