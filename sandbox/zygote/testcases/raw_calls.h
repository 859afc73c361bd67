// What a cell can be told to do, as lines of text, which the test zygote runs in it.
//
//   call NUMBER ARG...   one raw system call; an ARG is a number (0x for hex), `buffer` for a writable page, or a word:
//   a
//                        pointer to that string. Answers "= VALUE", -errno for an error.
//   mmap-write-exec      maps a writable page and makes it executable. Answers like the last call of it.
//   int80 NUMBER         the 32-bit ABI
//   segv | abort | loop | grow (allocates and touches memory for ever) | exit STATUS
//   soft                 waits for SIGUSR1, answers "soft"
//   facts                pid tid environment, name=value each
//   clock                CLOCK_MONOTONIC in seconds
#pragma once

#include <string>
#include <string_view>

namespace warder::testcases {

std::string Execute(std::string_view line);

// Set by the SIGUSR1 handler of the test zygote.
void OnSoftLimit(int signal);

}  // namespace warder::testcases
