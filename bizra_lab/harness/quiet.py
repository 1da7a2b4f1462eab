from contextlib import nullcontext as quiet
