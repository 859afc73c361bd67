#include "engine/connections/review.h"

#include <algorithm>
#include <iterator>

#include "engine/broker/policy/policy.h"

namespace warder::connections {
namespace {

using std::chrono::days;
using std::chrono::duration_cast;

constexpr days kSoon{14};

std::string Days(std::chrono::seconds time) {
  const auto count = duration_cast<days>(time).count();
  return std::to_string(count) + (count == 1 ? " day" : " days");
}

std::string List(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// "30 days"
std::string Window(unsigned count) { return std::to_string(count) + (count == 1 ? " day" : " days"); }

void RemarkUnused(const ConnectionReview& review, unsigned count, std::vector<std::string>* remarks) {
  if (review.executions == 0) {
    remarks->push_back("not used in the last " + Window(count) + ": remove it, or give it an idle limit");
    return;
  }
  std::vector<std::string> origins;
  std::copy_if(review.origins.begin(), review.origins.end(), std::back_inserter(origins),
               [&](const std::string& origin) { return !review.calls.contains(origin); });
  if (!origins.empty()) {
    remarks->push_back("never called in the last " + Window(count) + ": " + List(origins) +
                       "; take it out of the policy");
  }
  std::vector<std::string> scopes;
  std::set_difference(review.scopes.begin(), review.scopes.end(), review.used_scopes.begin(), review.used_scopes.end(),
                      std::back_inserter(scopes));
  if (!scopes.empty()) {
    remarks->push_back("granted, and no call in the last " + Window(count) + " needed it: " + List(scopes) +
                       "; authorize again without it, or name it in the policy's rule that needs it");
  }
}

void RemarkTimes(const StoredConnection& connection, TimePoint now, std::vector<std::string>* remarks) {
  const auto age = now - connection.credential_since;
  if (connection.rotate_after && age >= *connection.rotate_after) {
    remarks->push_back("the credential is " + Days(age) + " old and was to be renewed after " +
                       Days(*connection.rotate_after) + ": give it another one");
  }
  if (connection.ends && *connection.ends > now && *connection.ends - now <= kSoon) {
    remarks->push_back("it ends in " + Days(*connection.ends - now) + ": connect again to go on");
  }
}

}  // namespace

ConnectionStatus StatusOf(const std::string& name, const Snapshot& snapshot, const Usage& usage) {
  const StoredConnection& connection = snapshot.connection;
  ConnectionStatus status;
  status.name = name;
  status.kind = connection.oauth ? NameOf(connection.oauth->kind) : "fields";
  status.state = NameOf(connection.state);
  status.reason = connection.reason;
  if (const auto policy = broker::ParsePolicy(connection.policy)) status.policy_sha256 = broker::PolicyHash(*policy);
  if (connection.oauth) {
    status.issuer = connection.oauth->server.issuer;
    status.access_expires = connection.oauth->access_expires;
  }
  status.created = connection.created;
  status.credential_since = connection.credential_since;
  status.ends = connection.ends;
  status.last_used = usage.last;
  return status;
}

ConnectionReview ReviewOf(const std::string& name, const Snapshot& snapshot, const Usage& usage, TimePoint now,
                          unsigned count) {
  ConnectionReview review;
  review.status = StatusOf(name, snapshot, usage);
  if (const auto policy = broker::ParsePolicy(snapshot.connection.policy)) {
    for (const auto& origin : policy->origins) review.origins.push_back(origin.ToString());
  }
  const Usage::Day used = usage.Since(now, count);
  review.executions = used.executions;
  review.calls.insert(used.calls.begin(), used.calls.end());
  review.used_scopes.insert(used.scopes.begin(), used.scopes.end());
  if (snapshot.connection.oauth) {
    review.scopes.insert(snapshot.connection.oauth->granted.begin(), snapshot.connection.oauth->granted.end());
  }
  if (review.status.state == "active") {
    RemarkUnused(review, count, &review.remarks);
    RemarkTimes(snapshot.connection, now, &review.remarks);
  } else {
    review.remarks.push_back("it is " + review.status.state + ": " + review.status.reason);
  }
  return review;
}

}  // namespace warder::connections
