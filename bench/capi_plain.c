/* What a call through a shared library costs at least: capi.cpp's peer.
 * Room: bench. Threads: any. */
#include <stdint.h>

__attribute__((visibility("default"))) uint32_t bench_plain(void);
uint32_t bench_plain(void) { return 7; }
