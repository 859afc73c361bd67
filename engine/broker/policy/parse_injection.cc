#include "engine/broker/policy/parse_injection.h"

#include <algorithm>
#include <array>
#include <functional>

#include "engine/broker/inject/sign.h"

namespace warder::broker {
namespace {

constexpr std::size_t kMaxTextBytes = 256;
constexpr std::size_t kMaxMessageBytes = 2'048;
constexpr std::uint64_t kMaxLifetimeMs = 3'600'000;

constexpr std::array<std::string_view, 3> kHashes = {"hmac-sha1", "hmac-sha256", "hmac-sha512"};
constexpr std::array<std::string_view, 3> kEncodings = {"hex", "base64", "base64url"};
constexpr std::array<std::string_view, 4> kAlgorithms = {"RS256", "ES256", "EdDSA", "HS256"};

// Reads `name value` pairs in any order, each at most once, until the line ends.
class Options {
 public:
  using Read = std::function<Result<void>()>;
  enum class Need { kRequired, kOptional };

  Options& Add(std::string_view name, Need need, Read read) {
    entries_.push_back({name, need, std::move(read), false});
    return *this;
  }

  Result<void> ReadAll(Arguments& arguments) {
    std::vector<std::string_view> names;
    for (const Entry& entry : entries_) names.push_back(entry.name);
    while (!arguments.empty()) {
      const auto index = arguments.Choice("one of its options", names);
      if (!index) return index.error();
      Entry& entry = entries_[*index];
      if (entry.seen) return arguments.TwiceInLine("'" + std::string(entry.name) + "'");
      entry.seen = true;
      if (auto read = entry.read(); !read) return read;
    }
    for (const Entry& entry : entries_) {
      if (entry.need == Need::kRequired && !entry.seen) {
        return arguments.WrongLine("'" + std::string(entry.name) + "' is missing");
      }
    }
    return {};
  }

 private:
  struct Entry {
    std::string_view name;
    Need need;
    Read read;
    bool seen;
  };
  std::vector<Entry> entries_;
};

constexpr auto kRequired = Options::Need::kRequired;
constexpr auto kOptional = Options::Need::kOptional;

template <typename T>
Result<void> Store(Result<T> value, T& place) {
  if (!value) return value.error();
  place = std::move(*value);
  return {};
}

Options::Read FieldInto(Arguments& arguments, std::string& place) {
  return [&arguments, &place] { return Store(arguments.Field(), place); };
}
Options::Read HeaderInto(Arguments& arguments, std::string& place) {
  return [&arguments, &place] { return Store(arguments.HeaderName(), place); };
}
Options::Read TextInto(Arguments& arguments, std::string& place) {
  return [&arguments, &place] { return Store(arguments.Text("a text", kMaxTextBytes), place); };
}

Result<Injection> ReadBearer(Arguments& arguments) {
  auto field = arguments.Field();
  if (!field) return field.error();
  return HeaderInjection{"authorization", "Bearer ", std::move(*field)};
}

Result<Injection> ReadHeader(Arguments& arguments) {
  HeaderInjection injection;
  if (auto name = Store(arguments.HeaderName(), injection.name); !name) return name.error();
  if (auto field = Store(arguments.Field(), injection.field); !field) return field.error();
  Options options;
  options.Add("prefix", kOptional, TextInto(arguments, injection.prefix));
  if (auto read = options.ReadAll(arguments); !read) return read.error();
  return injection;
}

Result<Injection> ReadQueryInjection(Arguments& arguments) {
  QueryInjection injection;
  if (auto name = Store(arguments.Text("a parameter's name", kMaxTextBytes), injection.name); !name)
    return name.error();
  if (auto field = Store(arguments.Field(), injection.field); !field) return field.error();
  return injection;
}

Result<Injection> ReadBasic(Arguments& arguments) {
  BasicInjection injection;
  if (auto user = Store(arguments.FieldOrNone(), injection.user_field); !user) return user.error();
  if (auto field = Store(arguments.FieldOrNone(), injection.password_field); !field) return field.error();
  if (injection.user_field.empty() && injection.password_field.empty()) {
    return arguments.WrongLine("user and password are both empty");
  }
  return injection;
}

template <HmacInjection::Hash hash>
Result<Injection> ReadHmac(Arguments& arguments) {
  HmacInjection injection;
  injection.hash = hash;
  if (auto field = Store(arguments.Field(), injection.field); !field) return field.error();
  Options options;
  options.Add("header", kRequired, HeaderInto(arguments, injection.header))
      .Add("message", kRequired,
           [&] {
             return Store(arguments.Text("a message", kMaxMessageBytes, Arguments::LineFeeds::kAllowed),
                          injection.message);
           })
      .Add("encoding", kOptional,
           [&]() -> Result<void> {
             const auto index = arguments.Choice("hex, base64 or base64url", kEncodings);
             if (!index) return index.error();
             injection.encoding = static_cast<HmacInjection::Encoding>(*index);
             return {};
           })
      .Add("prefix", kOptional, TextInto(arguments, injection.prefix))
      .Add("timestamp", kOptional, HeaderInto(arguments, injection.timestamp_header))
      .Add("nonce", kOptional, HeaderInto(arguments, injection.nonce_header));
  if (auto read = options.ReadAll(arguments); !read) return read.error();
  return injection;
}

Result<Injection> ReadAws(Arguments& arguments) {
  AwsSigV4Injection injection;
  Options options;
  options.Add("region", kRequired, TextInto(arguments, injection.region))
      .Add("service", kRequired, TextInto(arguments, injection.service))
      .Add("access-key", kRequired, FieldInto(arguments, injection.access_key_field))
      .Add("secret-key", kRequired, FieldInto(arguments, injection.secret_key_field))
      .Add("session-token", kOptional, FieldInto(arguments, injection.session_token_field));
  if (auto read = options.ReadAll(arguments); !read) return read.error();
  return injection;
}

Result<Injection> ReadJwt(Arguments& arguments) {
  JwtInjection injection;
  const auto algorithm = arguments.Choice("RS256, ES256, EdDSA or HS256", kAlgorithms);
  if (!algorithm) return algorithm.error();
  injection.algorithm = static_cast<JwtInjection::Algorithm>(*algorithm);
  Options options;
  options.Add("key", kRequired, FieldInto(arguments, injection.key_field))
      .Add("issuer", kRequired, TextInto(arguments, injection.issuer))
      .Add("subject", kOptional, TextInto(arguments, injection.subject))
      .Add("audience", kOptional, TextInto(arguments, injection.audience))
      .Add("key-id", kOptional, TextInto(arguments, injection.key_id))
      .Add("lifetime", kOptional, [&]() -> Result<void> {
        const auto lifetime = arguments.Quantity(LimitUnit::kMilliseconds, 1'000, kMaxLifetimeMs);
        if (!lifetime) return lifetime.error();
        if (*lifetime % 1'000 != 0) return arguments.WrongLine("the lifetime is not in whole seconds");
        injection.lifetime = std::chrono::seconds(*lifetime / 1'000);
        return {};
      });
  if (auto read = options.ReadAll(arguments); !read) return read.error();
  return injection;
}

// The headers and parameters that an injection sets: no two may set the same.
std::vector<std::string> PlacesOf(const Injection& injection) {
  struct Visitor {
    std::vector<std::string> operator()(const HeaderInjection& header) const { return {"the header " + header.name}; }
    std::vector<std::string> operator()(const QueryInjection& query) const { return {"the parameter " + query.name}; }
    std::vector<std::string> operator()(const BasicInjection&) const { return {"the header authorization"}; }
    std::vector<std::string> operator()(const HmacInjection& hmac) const {
      std::vector<std::string> places = {"the header " + hmac.header};
      if (!hmac.timestamp_header.empty()) places.push_back("the header " + hmac.timestamp_header);
      if (!hmac.nonce_header.empty()) places.push_back("the header " + hmac.nonce_header);
      return places;
    }
    std::vector<std::string> operator()(const AwsSigV4Injection&) const { return {"the header authorization"}; }
    std::vector<std::string> operator()(const JwtInjection&) const { return {"the header authorization"}; }
  };
  return std::visit(Visitor{}, injection);
}

struct Form {
  DirectiveInfo info;
  Result<Injection> (*read)(Arguments&);
};

// clang-format off
constexpr std::array kForms = {
    Form{{"bearer", "inject bearer FIELD", "inject bearer token"}, ReadBearer},
    Form{{"header", "inject header NAME FIELD [prefix TEXT]", "inject header x-api-key key"}, ReadHeader},
    Form{{"query", "inject query NAME FIELD", "inject query api_key key"}, ReadQueryInjection},
    Form{{"basic", "inject basic USERFIELD|- PASSWORDFIELD|-", "inject basic user password"}, ReadBasic},
    Form{{"hmac-sha1", "inject hmac-sha1 FIELD header NAME message TEXT [OPTION ...]",
          "inject hmac-sha1 key header x-signature message \"{body}\""}, ReadHmac<HmacInjection::Hash::kSha1>},
    Form{{"hmac-sha256", "inject hmac-sha256 FIELD header NAME message TEXT [OPTION ...]",
          "inject hmac-sha256 key header x-signature message \"{timestamp}.{body}\" timestamp x-time"},
         ReadHmac<HmacInjection::Hash::kSha256>},
    Form{{"hmac-sha512", "inject hmac-sha512 FIELD header NAME message TEXT [OPTION ...]",
          "inject hmac-sha512 key header x-signature message \"{nonce} {body}\" nonce x-nonce encoding base64"},
         ReadHmac<HmacInjection::Hash::kSha512>},
    Form{{"aws-sigv4", "inject aws-sigv4 region NAME service NAME access-key FIELD secret-key FIELD [session-token FIELD]",
          "inject aws-sigv4 region eu-central-1 service s3 access-key id secret-key secret"}, ReadAws},
    Form{{"jwt", "inject jwt RS256|ES256|EdDSA|HS256 key FIELD issuer TEXT [OPTION ...]",
          "inject jwt RS256 key private-key issuer app-17 lifetime 300s"}, ReadJwt},
};
// clang-format on

std::string Option(std::string_view name, std::string_view value, std::string_view usual = "") {
  return value == usual ? "" : " " + std::string(name) + " " + WrittenWord(value);
}

std::string FieldOrNone(const std::string& field) { return field.empty() ? "-" : field; }

struct Printer {
  std::string operator()(const HeaderInjection& header) const {
    if (header.name == "authorization" && header.prefix == "Bearer ") return "bearer " + header.field;
    return "header " + header.name + " " + header.field + Option("prefix", header.prefix);
  }
  std::string operator()(const QueryInjection& query) const {
    return "query " + WrittenWord(query.name) + " " + query.field;
  }
  std::string operator()(const BasicInjection& basic) const {
    return "basic " + FieldOrNone(basic.user_field) + " " + FieldOrNone(basic.password_field);
  }
  std::string operator()(const HmacInjection& hmac) const {
    return std::string(kHashes[static_cast<std::size_t>(hmac.hash)]) + " " + hmac.field +
           Option("header", hmac.header) +
           Option("encoding", kEncodings[static_cast<std::size_t>(hmac.encoding)], kEncodings[0]) + " message " +
           QuotedWord(hmac.message) + Option("prefix", hmac.prefix) + Option("timestamp", hmac.timestamp_header) +
           Option("nonce", hmac.nonce_header);
  }
  std::string operator()(const AwsSigV4Injection& aws) const {
    return "aws-sigv4" + Option("region", aws.region) + Option("service", aws.service) +
           Option("access-key", aws.access_key_field) + Option("secret-key", aws.secret_key_field) +
           Option("session-token", aws.session_token_field);
  }
  std::string operator()(const JwtInjection& jwt) const {
    const std::string lifetime =
        FormatLimit(LimitUnit::kMilliseconds, static_cast<std::uint64_t>(jwt.lifetime.count()) * 1'000);
    return "jwt " + std::string(kAlgorithms[static_cast<std::size_t>(jwt.algorithm)]) + Option("key", jwt.key_field) +
           Option("issuer", jwt.issuer) + Option("subject", jwt.subject) + Option("audience", jwt.audience) +
           Option("key-id", jwt.key_id) + (jwt.lifetime == JwtInjection{}.lifetime ? "" : Option("lifetime", lifetime));
  }
};

}  // namespace

Result<void> ReadInjection(Arguments& arguments, Policy& policy) {
  std::vector<std::string_view> kinds;
  std::string known;
  for (const Form& form : kForms) {
    const char* before = kinds.empty() ? "" : kinds.size() + 1 == kForms.size() ? " or " : ", ";
    known += before + std::string(form.info.name);
    kinds.push_back(form.info.name);
  }
  const auto kind = arguments.Choice(known, kinds);
  if (!kind) return kind.error();
  arguments.Explain(kForms[*kind].info);
  auto injection = kForms[*kind].read(arguments);
  if (!injection) return injection.error();
  if (auto sound = CheckInjection(*injection); !sound) return arguments.WrongLine(sound.error().message);
  if (policy.injections.size() == Policy::kMaxInjections) return arguments.WrongLine("at most 8 injections");
  std::vector<std::string> taken;
  for (const Injection& other : policy.injections) {
    for (std::string& place : PlacesOf(other)) taken.push_back(std::move(place));
  }
  for (const std::string& place : PlacesOf(*injection)) {
    if (std::find(taken.begin(), taken.end(), place) != taken.end()) {
      return arguments.WrongLine(place + " is injected twice");
    }
    taken.push_back(place);
  }
  policy.injections.push_back(std::move(*injection));
  return {};
}

std::string PrintInjection(const Injection& injection) { return std::visit(Printer{}, injection); }

std::span<const DirectiveInfo> InjectionForms() {
  static const auto infos = [] {
    std::array<DirectiveInfo, kForms.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = kForms[i].info;
    return all;
  }();
  return infos;
}

}  // namespace warder::broker
