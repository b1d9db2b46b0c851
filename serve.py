"""`python serve.py` is Granian with its own options, once the product is loaded: its workers are forked from
this process and share what is loaded, which is most of their memory. Nothing is open yet when they are
forked: connections and threads come with `create_app`, in each worker."""

import gc

from granian.cli import entrypoint

import app  # noqa: F401, TID251 loaded for the workers

if __name__ == "__main__":
    gc.collect()
    gc.freeze()  # a collection in a worker would write to the pages that are shared
    entrypoint()
