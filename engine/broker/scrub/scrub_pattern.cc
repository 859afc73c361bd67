#include "engine/broker/scrub/scrub_pattern.h"

#include <algorithm>
#include <string>
#include <utility>

namespace warder::broker {
namespace {

std::string_view WithoutOuterSpace(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

// The most beginnings of `text` that end together in one place of it, itself not counted (Knuth, Morris, Pratt, 1977).
std::size_t Repetition(std::string_view text) {
  WipedVector<std::size_t> border(text.size() + 1);  // the longest proper beginning that is also an end, by length
  WipedVector<std::size_t> depth(text.size() + 1);
  std::size_t most = 0;
  for (std::size_t length = 2; length <= text.size(); ++length) {
    std::size_t candidate = border[length - 1];
    while (candidate > 0 && text[candidate] != text[length - 1]) candidate = border[candidate];
    if (text[candidate] == text[length - 1]) ++candidate;
    border[length] = candidate;
    depth[length] = candidate == 0 ? 0 : depth[candidate] + 1;
    most = std::max(most, depth[length]);
  }
  return most;
}

Error Repetitive() {
  return InvalidInput("Secrets that repeat themselves over and over cannot be scrubbed: use random ones.");
}

Result<void> Check(std::string_view secret) {
  if (secret.size() < ScrubPattern::kMinSecretBytes) {
    return InvalidInput("A secret of " + std::to_string(secret.size()) +
                        " bytes cannot be told from innocent text in a response: it needs at least " +
                        std::to_string(ScrubPattern::kMinSecretBytes) + ", not counting white space at its ends.");
  }
  if (secret.size() > ScrubPattern::kMaxSecretBytes) {
    return InvalidInput("A secret of " + std::to_string(secret.size()) + " bytes is too long to be scrubbed: at most " +
                        std::to_string(ScrubPattern::kMaxSecretBytes) + " are allowed.");
  }
  if (secret.find("\n\n") != std::string_view::npos || secret.find("\n\r\n") != std::string_view::npos) {
    return InvalidInput("A secret with an empty line in it cannot be scrubbed.");
  }
  if (Repetition(secret) > ScrubPattern::kMaxRepetition) return Repetitive();
  return {};
}

}  // namespace

Result<std::shared_ptr<const ScrubPattern>> ScrubPattern::Compile(std::span<const Secret* const> secrets) {
  WipedVector<std::string_view> texts;
  std::size_t total = 0;
  std::size_t repetition = 0;
  for (const Secret* secret : secrets) {
    const std::string_view text = WithoutOuterSpace(secret->view());
    if (const auto checked = Check(text); !checked) return checked.error();
    if (std::find(texts.begin(), texts.end(), text) != texts.end()) continue;
    texts.push_back(text);
    total += text.size();
    repetition += Repetition(text);
  }
  if (texts.size() > kMaxSecrets || total > kMaxTotalBytes) {
    return InvalidInput(std::to_string(texts.size()) + " secrets of " + std::to_string(total) +
                        " bytes are too many to be scrubbed in one execution: at most " + std::to_string(kMaxSecrets) +
                        " of " + std::to_string(kMaxTotalBytes) + " bytes are allowed.");
  }
  if (repetition > kMaxTotalRepetition) return Repetitive();
  Forms forms;
  for (const std::string_view text : texts) forms.AddSecret(text);
  Result<Spotter> spotter = Spotter::Build(forms);
  if (!spotter) return spotter.error();
  return std::shared_ptr<const ScrubPattern>(new ScrubPattern(std::move(forms), std::move(*spotter)));
}

ScrubPattern::ScrubPattern(Forms forms, Spotter spotter) : forms_(std::move(forms)), spotter_(std::move(spotter)) {
  for (const Form& form : forms_.all()) {
    longest_match_ = std::max(longest_match_, forms_.Longest(form.first, form.end));
  }
}

}  // namespace warder::broker
