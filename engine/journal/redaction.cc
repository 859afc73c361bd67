#include "engine/journal/redaction.h"

#include <algorithm>
#include <boost/json.hpp>

#include "engine/base/text.h"

namespace warder::journal {
namespace {

namespace json = boost::json;

// Shorter ones stand in other texts by chance.
constexpr std::size_t kShortestText = 4;
constexpr std::size_t kShortestNumber = 7;

// The document in a text; null: it is none, or a lone word or number, which need not be meant as JSON.
json::value DocumentIn(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) return nullptr;
  if (!IsJson(text)) return nullptr;
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  return json::parse(json::string_view(text.data(), text.size()), {}, options);
}

// RFC 3986, section 2.3, as encodeURIComponent has it.
std::string PercentEncoded(std::string_view text) {
  constexpr std::string_view kKept = "-_.!~*'()";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool kept = (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') ||
                      (c != '\0' && kKept.find(c) != std::string_view::npos);
    if (kept) {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

std::string Escaped(const std::string& text) {
  const std::string quoted = json::serialize(json::string(text));
  return quoted.substr(1, quoted.size() - 2);
}

// One that is an address of e-mail stays one: code looks at that.
std::string TextFor(const std::string& value, std::size_t number) {
  return "redacted-" + std::to_string(number) + (value.find('@') == std::string::npos ? "" : "@redacted.invalid");
}

}  // namespace

void Redaction::Learn(std::string_view text) {
  const json::value document = DocumentIn(text);
  if (!document.is_null()) LearnFrom(document, false, "");
}

void Redaction::LearnFrom(const json::value& value, bool named, const std::string& name) {
  if (const auto* object = value.if_object()) {
    for (const auto& [key, inner] : *object) {
      const bool is = names_.contains(std::string_view(key.data(), key.size()));
      LearnFrom(inner, named || is, is ? std::string(key) : name);
    }
  } else if (const auto* array = value.if_array()) {
    for (const json::value& inner : *array) LearnFrom(inner, named, name);
  } else if (value.is_string() && !named) {
    Learn(std::string_view(value.get_string().data(), value.get_string().size()));
  } else if (value.is_string()) {
    Know(std::string(value.get_string()), name, kShortestText);
  } else if (named && value.is_number()) {
    Know(json::serialize(value), name, kShortestNumber);
  }
}

void Redaction::Know(const std::string& value, const std::string& name, std::size_t shortest) {
  const std::size_t number = known_.size() + 1;
  if (value.empty() || !known_.try_emplace(value, Known{name, number}).second) return;
  if (value.size() < shortest) return;
  const std::string stand_in = TextFor(value, number);
  AddForm({value, stand_in, name});
  AddForm({Escaped(value), Escaped(stand_in), name});
  AddForm({PercentEncoded(value), PercentEncoded(stand_in), name});
}

void Redaction::AddForm(Form form) {
  const auto same = [&](const Form& each) { return each.text == form.text; };
  if (std::any_of(forms_.begin(), forms_.end(), same)) return;
  begins_.set(static_cast<unsigned char>(form.text.front()));
  const auto shorter = [&](const Form& each) { return each.text.size() < form.text.size(); };
  forms_.insert(std::find_if(forms_.begin(), forms_.end(), shorter), std::move(form));
}

std::string Redaction::Apply(std::string_view text) const {
  const json::value document = DocumentIn(text);
  if (document.is_null()) return ChangedText(text);
  const json::value changed = Changed(document, false);
  return changed == document ? std::string(text) : json::serialize(changed);
}

json::value Redaction::Changed(const json::value& value, bool named) const {
  if (const auto* object = value.if_object()) {
    json::object out;
    for (const auto& [key, inner] : *object) {
      const bool is = names_.contains(std::string_view(key.data(), key.size()));
      out[ChangedText(std::string_view(key.data(), key.size()))] = Changed(inner, named || is);
    }
    return out;
  }
  if (const auto* array = value.if_array()) {
    json::array out;
    for (const json::value& inner : *array) out.push_back(Changed(inner, named));
    return out;
  }
  if (named) return StandIn(value);
  if (!value.is_string()) return value;
  return json::value(Apply(std::string_view(value.get_string().data(), value.get_string().size())));
}

json::value Redaction::StandIn(const json::value& value) const {
  if (value.is_bool()) return false;
  if (value.is_null()) return nullptr;
  const std::string text = value.is_string() ? std::string(value.get_string()) : json::serialize(value);
  const auto known = known_.find(text);
  if (known == known_.end()) return value.is_string() ? json::value("") : json::value(0);
  if (value.is_string()) return json::value(TextFor(text, known->second.number));
  return json::value(known->second.number);
}

std::string Redaction::ChangedText(std::string_view text) const {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (!begins_.test(static_cast<unsigned char>(text[at]))) {
      out += text[at++];
      continue;
    }
    const auto form = std::find_if(forms_.begin(), forms_.end(),
                                   [&](const Form& each) { return text.substr(at, each.text.size()) == each.text; });
    if (form == forms_.end()) {
      out += text[at++];
    } else {
      out += form->stand_in;
      at += form->text.size();
    }
  }
  return out;
}

std::string Redaction::FindIn(std::string_view text) const {
  for (const Form& form : forms_) {
    if (text.find(form.text) != std::string_view::npos) return form.name;
  }
  return {};
}

}  // namespace warder::journal
