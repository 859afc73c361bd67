// Takes what stands in members of certain names out of texts, JSON or not, and puts stand-ins in its place.
//
// First everything is learned from, then it is applied: a value that one text names is taken out of every other one
// too, as it is, with JSON's escapes or percent-encoded, unless it is so short that it would be found by chance. The
// same value has the same stand-in everywhere. What a text holds in yet another form is not found.
#pragma once

#include <bitset>
#include <boost/json/value.hpp>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace warder::journal {

class Redaction {
 public:
  // Names of members, at any depth.
  explicit Redaction(const std::vector<std::string>& names) : names_(names.begin(), names.end()) {}

  void Learn(std::string_view text);
  std::string Apply(std::string_view text) const;
  // The name of a member of which a value stands in `text`; empty: none does.
  std::string FindIn(std::string_view text) const;

 private:
  struct Known {
    std::string name;  // of the member
    std::size_t number;
  };
  // A value as it may stand in a text, with what stands there instead.
  struct Form {
    std::string text, stand_in, name;
  };
  void LearnFrom(const boost::json::value& value, bool named, const std::string& name);
  void Know(const std::string& value, const std::string& name, std::size_t shortest);
  void AddForm(Form form);
  boost::json::value Changed(const boost::json::value& value, bool named) const;
  boost::json::value StandIn(const boost::json::value& value) const;
  std::string ChangedText(std::string_view text) const;

  const std::set<std::string, std::less<>> names_;
  std::map<std::string, Known> known_;
  std::vector<Form> forms_;  // of every value that is long enough, the longest first
  std::bitset<256> begins_;  // the first bytes of forms
};

}  // namespace warder::journal
