// Whose requests a debugger's port answers: those of programs on this machine and of DevTools, and not those of a web
// page that its user happens to look at.
#pragma once

#include <string_view>

namespace warder::inspector {

// Whether a Host header names this machine in a way that no name server can have made up: "localhost" or an IP address,
// with or without a port. A page whose own name was made to lead here (DNS rebinding) names itself.
bool IsLocalHost(std::string_view host);

// Whether an Origin header is DevTools' own. Programs that are no browser send none.
bool IsDevTools(std::string_view origin);

}  // namespace warder::inspector
