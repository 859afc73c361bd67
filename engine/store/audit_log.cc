#include "engine/store/audit_log.h"

#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <ctime>
#include <optional>

#include "engine/base/sha256.h"
#include "engine/base/strict_json.h"
#include "engine/store/canonical_json.h"

namespace warder::store {
namespace {

namespace json = boost::json;

std::string DigestOf(std::string_view entry) {
  Sha256 digest;
  digest.Update(entry);
  return digest.Hex();
}

// RFC 3339 with milliseconds, in UTC.
std::string TimeText(std::chrono::system_clock::time_point time) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const std::time_t whole = seconds.count();
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ",
                static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(since - seconds).count()));
  return std::string(text.data(), size) + fraction.data();
}

// Whether `entry` has the form that Append gives entry `sequence` of this tenant; `previous` is the digest in it.
bool IsEntry(std::string_view entry, std::uint64_t sequence, const TenantId& tenant, std::string* previous) {
  const Result<json::value> value = ParseStrict(entry);
  const json::object* const object = value ? value->if_object() : nullptr;
  if (object == nullptr || object->size() != 5) return false;
  const auto member = [&](std::string_view name, json::kind kind) {
    const json::value* const found = object->if_contains(name);
    return found != nullptr && found->kind() == kind ? found : nullptr;
  };
  const json::value* const digest = member("previous", json::kind::string);
  const json::value* const number = member("sequence", json::kind::int64);
  const json::value* const name = member("tenant", json::kind::string);
  if (digest == nullptr || number == nullptr || name == nullptr) return false;
  *previous = digest->get_string();
  return member("event", json::kind::object) != nullptr && member("time", json::kind::string) != nullptr &&
         static_cast<std::uint64_t>(number->get_int64()) == sequence && name->get_string() == tenant.text() &&
         CanonicalJson(*value) == entry;
}

}  // namespace

Result<AuditHead> AuditLog::Head() {
  Result<Statement> last = database_->Prepare("SELECT sequence, entry FROM audit ORDER BY sequence DESC LIMIT 1");
  if (!last) return last.error();
  const Result<bool> row = last->Step();
  if (!row) return row.error();
  if (!*row) return AuditHead();
  return AuditHead{last->Integer(0), DigestOf(last->Text(1))};
}

Result<AuditHead> AuditLog::Append(const json::object& event, std::chrono::system_clock::time_point time) {
  const Result<AuditHead> head = Head();
  if (!head) return head.error();
  const std::uint64_t sequence = head->sequence + 1;
  const std::optional<std::string> entry = CanonicalJson(json::object{{"event", event},
                                                                      {"previous", head->digest},
                                                                      {"sequence", sequence},
                                                                      {"tenant", tenant_->text()},
                                                                      {"time", TimeText(time)}},
                                                         static_cast<int>(kMaxStrictDepth) - 1);
  if (!entry) return InvalidInput("an event of the audit log holds a number that is not whole, or is nested too deep");
  if (entry->size() > kMaxEventBytes) {
    return InvalidInput("an event of the audit log has more than " + std::to_string(kMaxEventBytes) + " bytes");
  }
  Result<Statement> insert = database_->Prepare("INSERT INTO audit(sequence, entry) VALUES(?1, ?2)");
  if (!insert) return insert.error();
  if (Result<void> done = insert->BindInteger(1, sequence).BindText(2, *entry).Run(); !done) return done.error();
  return AuditHead{sequence, DigestOf(*entry)};
}

Result<AuditHead> AuditLog::Verify(const AuditHead& kept) {
  AuditHead head;
  std::string wrong;
  const auto refuse = [&](std::uint64_t sequence, const char* what) {
    wrong = "entry " + std::to_string(sequence) + " " + what;
    return false;
  };
  const Result<void> walked = Read(0, [&](std::uint64_t sequence, std::string_view entry) {
    std::string previous;
    if (sequence != head.sequence + 1) return refuse(head.sequence + 1, "is missing");
    if (!IsEntry(entry, sequence, *tenant_, &previous)) return refuse(sequence, "was changed or moved");
    if (previous != head.digest) return refuse(head.sequence, "is not the one that the next was written behind");
    head = {sequence, DigestOf(entry)};
    if (kept.sequence == sequence && kept.digest != head.digest) return refuse(sequence, "was changed");
    return true;
  });
  if (!walked) return walked.error();
  if (wrong.empty() && head.sequence < kept.sequence) refuse(head.sequence + 1, "is missing, with all behind it");
  if (!wrong.empty()) return InvalidInput("the audit log of tenant " + tenant_->text() + " is not authentic: " + wrong);
  return head;
}

Result<void> AuditLog::Read(std::uint64_t after,
                            const std::function<bool(std::uint64_t sequence, std::string_view entry)>& each) {
  Result<Statement> rows =
      database_->Prepare("SELECT sequence, entry FROM audit WHERE sequence > ?1 ORDER BY sequence");
  if (!rows) return rows.error();
  rows->BindInteger(1, after);
  for (;;) {
    const Result<bool> row = rows->Step();
    if (!row) return row.error();
    if (!*row || !each(rows->Integer(0), rows->Text(1))) return {};
  }
}

}  // namespace warder::store
