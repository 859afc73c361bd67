// A network of its own for a test program: an empty network namespace whose loopback interface also carries public
// addresses.
//
// So the tests reach servers under addresses that really are public, without a hook in the code they test and without
// leaving the machine.
#pragma once

#include <string>

namespace warder::broker::testing {

// Moves the calling process, which must have one thread, into the network. Empty: done; otherwise why not. Once per
// process; later calls repeat the first answer.
const std::string& EnterPrivateNetwork();

// From then on every address of either family leads to this process, special ones too: whoever listens on all addresses
// records what a real network would have got. Empty: done; otherwise why not. In the private network only.
std::string LeadEveryAddressHere();

// Addresses of the network that FindSpecialRange finds public.
inline constexpr const char* kPublic4 = "93.184.216.34";
inline constexpr const char* kOtherPublic4 = "151.101.1.6";
inline constexpr const char* kPublic6 = "2606:2800:220:1::7";
// A special address that somebody listens on, other than loopback.
inline constexpr const char* kPrivate4 = "10.0.0.5";

}  // namespace warder::broker::testing
