// Functions of libm that give the same bits on every processor (P8).
//
// glibc has variants of pow, exp, sin and their kin for processors with fused multiply-add, which round otherwise in
// the last place: `2.1 ** 0.7` would not be the same number everywhere, and a journal would be a machine's. The program
// brings its own, those that V8 is built with (fdlibm's), and they stand before libm's for every library of it.
#pragma once

namespace warder::cell {

// Throws std::runtime_error where a library of this program would find libm's.
void CheckMathIsPortable();

}  // namespace warder::cell
