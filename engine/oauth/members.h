// The members of a JSON object that a server sent, each of the type and within the bounds that it must have.
//
// Errors complete a sentence ("the metadata of https://as.example ..."), name the member, and hold nothing of its
// value.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "sandbox/base/result.h"

namespace warder::oauth {

// Visible ASCII, of 1 to `most` bytes: what codes, tokens and URLs consist of (RFC 6749 appendix A; no blanks).
// Nothing: there is no such member. The view lives as long as `object`.
Result<std::optional<std::string_view>> VisibleMember(const boost::json::object& object, std::string_view name,
                                                      std::size_t most);
// An integer from 1 to `most`.
Result<std::optional<std::int64_t>> CountMember(const boost::json::object& object, std::string_view name,
                                                std::int64_t most);
Result<bool> FlagMember(const boost::json::object& object, std::string_view name);  // absent: false
// At most 64 texts of visible ASCII, of at most 128 bytes each. Absent: the empty set.
Result<std::set<std::string, std::less<>>> ListMember(const boost::json::object& object, std::string_view name);

bool IsVisible(std::string_view text);

}  // namespace warder::oauth
