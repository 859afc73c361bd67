// V8's code on large pages.
//
// A fork leaves the pages of a file out: the cell would find V8's code again by faults, some hundred of them, 4 KiB by
// 4 KiB with the translations of both page tables of a virtual machine. A private copy on pages of 2 MiB, made in the
// zygote, is in each cell from the fork on, as a handful of entries. It saves a quarter of what a cell costs
// (build/tests/bench/bench_executions) and takes 14 MiB in each zygote, which its cells share.
//
// No page is writable and executable at any time, and none that a cell can write was or becomes executable.
#pragma once

namespace warder::cell {

// Before PR_SET_MDWE forbids it, before other threads, and not from V8's own code. Where the kernel has no large pages
// to give (before Linux 6.1 too), the code stays where it is. Throws std::runtime_error.
void MoveV8ToLargePages();

}  // namespace warder::cell
