// From a Policy to its canonical text.
#include "engine/broker/policy/parse_injection.h"
#include "engine/broker/policy/policy.h"
#include "engine/broker/policy/words.h"
#include "warder/limits.h"

namespace warder::broker {
namespace {

class Printer {
 public:
  void Line(const std::string& line) { text_ += line + "\n"; }
  void Line(std::string_view directive, const std::string& rest) { Line(std::string(directive) + " " + rest); }
  void Quantity(std::string_view directive, LimitUnit unit, std::optional<std::uint64_t> value) {
    if (value) Line(directive, FormatLimit(unit, *value));
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string SiteText(const PlaceholderRule& site) {
  switch (site.where) {
    case PlaceholderRule::Where::kHeader:
      return site.field + " header " + site.header;
    case PlaceholderRule::Where::kBasicUser:
      return site.field + " basic user";
    case PlaceholderRule::Where::kBasicPassword:
      break;
  }
  return site.field + " basic password";
}

std::string RateText(const Rate& rate) {
  const char* unit = rate.period.count() == 1 ? "/s" : rate.period.count() == 60 ? "/m" : "/h";
  return std::to_string(rate.count) + unit + " burst " + std::to_string(rate.burst);
}

void PrintTls(Printer& printer, const TlsRules& tls) {
  if (tls.minimum == TlsRules::Version::k13) printer.Line("tls", "min 1.3");
  if (!tls.ca_file.empty()) printer.Line("tls", "ca " + WrittenWord(tls.ca_file));
  if (!tls.client_certificate.empty()) {
    printer.Line("tls", "client-certificate " + WrittenWord(tls.client_certificate) + " " + tls.client_key_field);
  }
  for (const std::string& pin : tls.pins) printer.Line("tls", "pin " + pin);
}

}  // namespace

std::string Rule::ToString() const {
  return (verdict == Verdict::kAllow ? "allow " : "deny ") + methods.ToString() + " " + WrittenWord(path.ToString());
}

std::string ScopeRule::ToString() const {
  return WrittenWord(scope) + " " + methods.ToString() + " " + WrittenWord(path.ToString());
}

std::string NameList::ToString() const {
  if (names.empty()) return "none";
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + (name == "none" ? QuotedWord(name) : WrittenWord(name));
  }
  return text;
}

std::string PrintPolicy(const Policy& policy) {
  Printer printer;
  if (!policy.connection.empty()) printer.Line("connection", policy.connection);
  if (!policy.origins.empty()) printer.Line("origin", policy.base.ToString());
  for (const Origin& origin : policy.origins) {
    if (origin != policy.base) printer.Line("origin", origin.ToString());
  }
  for (const Rule& rule : policy.rules) printer.Line(rule.ToString());
  for (const ScopeRule& rule : policy.scopes) printer.Line("scope", rule.ToString());
  if (policy.query) printer.Line("query", policy.query->ToString());
  if (policy.request_headers) printer.Line("request-headers", policy.request_headers->ToString());
  for (const Injection& injection : policy.injections) printer.Line("inject", PrintInjection(injection));
  for (const PlaceholderRule& site : policy.placeholders) printer.Line("placeholder", SiteText(site));
  if (policy.rate) printer.Line("rate", RateText(*policy.rate));
  printer.Quantity("in-flight", LimitUnit::kCount, policy.in_flight);
  printer.Quantity("calls", LimitUnit::kCount, policy.calls);
  printer.Quantity("request-bytes", LimitUnit::kBytes, policy.request_bytes);
  printer.Quantity("response-bytes", LimitUnit::kBytes, policy.response_bytes);
  printer.Quantity("total-bytes", LimitUnit::kBytes, policy.total_bytes);
  if (policy.timeout) {
    printer.Quantity("timeout", LimitUnit::kMilliseconds, static_cast<std::uint64_t>(policy.timeout->count()));
  }
  if (policy.redirects == RedirectRule::kNone) printer.Line("redirects", "none");
  if (policy.redirects == RedirectRule::kListed) printer.Line("redirects", "listed");
  if (policy.attempts != 1) printer.Line("retry", std::to_string(policy.attempts));
  PrintTls(printer, policy.tls);
  if (policy.proxy) printer.Line("proxy", policy.proxy->ToString());
  return printer.Take();
}

}  // namespace warder::broker
