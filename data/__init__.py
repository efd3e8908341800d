"""Read the log: bytes to events, events to legs and sessions, frames to answers."""

import os

# Before Arrow is imported: its own pool keeps what a thread has let go until that thread asks again, and of a service
# with many threads that was most of the memory. The C library gives it back (data.memory).
os.putenv("ARROW_DEFAULT_MEMORY_POOL", "system")
# Nothing here multiplies matrices: OpenBLAS, which comes with numpy, needs no threads of its own.
os.putenv("OPENBLAS_NUM_THREADS", "1")
