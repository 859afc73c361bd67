#include <span>

#include "engine/cli/completion.h"

namespace warder::cli {
namespace {

// 'it'\''s': one word for any of the shells, whatever is in it.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char byte : text) quoted += byte == '\'' ? std::string("'\\''") : std::string(1, byte);
  return quoted + "'";
}

std::string Joined(const std::vector<std::string>& words, const char* between = " ") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::span<const CommandShape> CommandsOf(const std::vector<CommandShape>& shapes) {
  return std::span(shapes).subspan(1);
}

std::string CommandNames(const std::vector<CommandShape>& shapes) {
  std::vector<std::string> names;
  for (const CommandShape& command : CommandsOf(shapes)) names.push_back(command.name);
  return Joined(names);
}

// bash: what may follow an option, then what may stand anywhere.
std::string BashValueCase(const CommandShape& command, const OptionShape& option) {
  std::vector<std::string> patterns;
  for (const std::string& name : option.names) patterns.push_back(command.name + ":" + name);
  const std::string answer = option.wants_path() ? "compopt -o default"
                             : option.choices.empty()
                                 ? ":"
                                 : "COMPREPLY=($(compgen -W " + Quoted(Joined(option.choices)) + " -- \"$current\"))";
  return "    " + Joined(patterns, "|") + ") " + answer + "; return ;;\n";
}

std::string BashWordsCase(const CommandShape& command, const std::string& pattern, const std::string& more) {
  std::string words = more;
  bool paths = false;
  for (const OptionShape& option : command.options) {
    words += " " + Joined(option.names.empty() ? option.choices : option.names);
    paths = paths || (option.names.empty() && option.wants_path());
  }
  std::string text = "    " + pattern + ") words=" + Quoted(words);
  if (paths) text += "; [[ $current == -* ]] || compopt -o default";
  return text + " ;;\n";
}

std::string Bash(const std::vector<CommandShape>& shapes) {
  std::string values;
  std::string words = BashWordsCase(shapes.front(), "''", CommandNames(shapes));
  for (const CommandShape& command : CommandsOf(shapes)) {
    for (const OptionShape& option : command.options) {
      if (!option.names.empty() && !option.value.empty()) values += BashValueCase(command, option);
    }
    words += BashWordsCase(command, command.name, "");
  }
  return "# Completion of warder for bash. To use it: source <(warder completion bash)\n"
         "_warder() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} command='' words=''\n"
         "  ((COMP_CWORD > 1)) && command=${COMP_WORDS[1]}\n"
         "  COMPREPLY=()\n"
         "  case $command:${COMP_WORDS[COMP_CWORD-1]} in\n" +
         values +
         "  esac\n"
         "  case $command in\n" +
         words +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -F _warder warder\n";
}

// zsh: one specification of _arguments for each name of an option.
std::string ZshEscaped(std::string_view text, std::string_view special) {
  std::string escaped;
  for (const char byte : text) {
    if (special.find(byte) != std::string_view::npos) escaped += '\\';
    escaped += byte;
  }
  return escaped;
}

std::string ZshValue(const OptionShape& option) {
  if (option.value.empty()) return {};
  const std::string action = option.wants_path()      ? "_files"
                             : option.choices.empty() ? " "
                                                      : "(" + Joined(option.choices) + ")";
  return ":" + ZshEscaped(option.value, ":") + ":" + action;
}

std::string ZshSpecifications(const CommandShape& command) {
  std::string text;
  int position = 0;
  for (const OptionShape& option : command.options) {
    if (option.names.empty()) text += " \\\n        " + Quoted(std::to_string(++position) + ZshValue(option));
    for (const std::string& name : option.names) {
      text += " \\\n        " + Quoted((option.repeatable ? "*" : "") + name + "[" +
                                       ZshEscaped(option.description, "[]\\") + "]" + ZshValue(option));
    }
  }
  return text;
}

std::string Zsh(const std::vector<CommandShape>& shapes) {
  std::string commands;
  std::string cases;
  for (const CommandShape& command : CommandsOf(shapes)) {
    commands += "    " + Quoted(ZshEscaped(command.name, ":") + ":" + command.summary) + "\n";
    cases += "    " + command.name + ")\n      _arguments" + ZshSpecifications(command) + " ;;\n";
  }
  return "#compdef warder\n"
         "# Completion of warder for zsh. To use it: warder completion zsh >\"${fpath[1]}/_warder\"\n"
         "_warder() {\n"
         "  local -a commands\n"
         "  commands=(\n" +
         commands +
         "  )\n"
         "  if ((CURRENT == 2)); then\n"
         "    [[ $words[2] == -* ]] || _describe command commands\n"
         "    _arguments" +
         ZshSpecifications(shapes.front()) +
         "\n"
         "    return\n"
         "  fi\n"
         "  shift words\n"
         "  ((CURRENT--))\n"
         "  case $words[1] in\n" +
         cases +
         "  esac\n"
         "}\n"
         "if [[ $funcstack[1] == _warder ]]; then _warder \"$@\"; else compdef _warder warder; fi\n";
}

std::string FishOption(const OptionShape& option, const std::string& condition) {
  std::string line = "complete -c warder -n " + Quoted(condition);
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? " -l " + Quoted(name.substr(2)) : " -s " + Quoted(name.substr(1));
  }
  if (option.wants_path()) {
    line += option.names.empty() ? " -F" : " -r -F";
  } else if (!option.names.empty() && !option.value.empty()) {
    line += " -x";
  }
  if (!option.choices.empty()) line += " -a " + Quoted(Joined(option.choices));
  return line + " -d " + Quoted(option.description) + "\n";
}

std::string Fish(const std::vector<CommandShape>& shapes) {
  std::string text =
      "# Completion of warder for fish. To use it: warder completion fish >~/.config/fish/completions/warder.fish\n"
      "complete -c warder -f\n";
  for (const OptionShape& option : shapes.front().options) text += FishOption(option, "__fish_use_subcommand");
  for (const CommandShape& command : CommandsOf(shapes)) {
    text += "complete -c warder -n __fish_use_subcommand -a " + Quoted(command.name) + " -d " +
            Quoted(command.summary) + "\n";
    for (const OptionShape& option : command.options) {
      text += FishOption(option, "__fish_seen_subcommand_from " + command.name);
    }
  }
  return text;
}

}  // namespace

const std::vector<std::string>& CompletionShells() {
  static const std::vector<std::string> shells = {"bash", "zsh", "fish"};
  return shells;
}

std::string CompletionScript(std::string_view shell, const std::vector<CommandShape>& shapes) {
  if (shell == "bash") return Bash(shapes);
  return shell == "zsh" ? Zsh(shapes) : Fish(shapes);
}

}  // namespace warder::cli
