// What the broker says it lets through, said once more: short, slow, and without a line of its code. Where the two
// differ, one of them is wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace warder::wire {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Whether a request has to reach the wire. kMay: the rules leave it to the broker; if it does, then as expected.
enum class Verdict { kMust, kMay, kNever };

// The worse of two.
Verdict Worse(Verdict a, Verdict b);

Verdict JudgeMethod(std::string_view method);
Verdict JudgeHeaders(const Headers& headers);
// What stands behind the authority of a URL: a path that begins with "/", or nothing, and a query.
Verdict JudgeTail(std::string_view tail);
// The same as it goes on the wire.
std::string TargetOf(std::string_view tail);
// A query parameter that is to be added to `target`.
Verdict JudgeQuery(std::string_view target, std::string_view added);
// A field of a credential, where it is to be used.
Verdict JudgeSecret(std::string_view secret);

// In lower case, "_" as "-": how the most lenient upstream compares names.
std::string Folded(std::string_view name);
// Headers that no script may set, in lower case; a "*" at the end stands for anything.
std::span<const std::string_view> OwnedHeaders();
// `name` is one of them.
bool IsOwned(std::string_view name);

}  // namespace warder::wire
