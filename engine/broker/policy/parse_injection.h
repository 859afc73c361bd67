// The directive `inject`: one form for each kind of injection.
#pragma once

#include "engine/broker/policy/arguments.h"

namespace warder::broker {

Result<void> ReadInjection(Arguments& arguments, Policy& policy);

// "bearer token": what ReadInjection reads.
std::string PrintInjection(const Injection& injection);

// How each kind is written, for documentation.
std::span<const DirectiveInfo> InjectionForms();

}  // namespace warder::broker
