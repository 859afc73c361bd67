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
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

std::string NamesOf(const std::vector<CommandShape>& commands) {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const CommandShape& command : commands) names.push_back(command.name);
  return Joined(names);
}

// bash: what may follow an option, then what may stand anywhere. `path` is the command with those it stands below.
std::string BashValueCase(const std::string& path, const OptionShape& option) {
  std::vector<std::string> patterns;
  patterns.reserve(option.names.size());
  const std::string command = path + ":";
  for (const std::string& name : option.names) patterns.push_back(Quoted(command + name));
  const std::string answer = option.wants_path() ? "compopt -o default"
                             : option.choices.empty()
                                 ? ":"
                                 : "COMPREPLY=($(compgen -W " + Quoted(Joined(option.choices)) + " -- \"$current\"))";
  return "    " + Joined(patterns, "|") + ") " + answer + "; return ;;\n";
}

std::string BashWordsCase(const std::string& path, const CommandShape& command) {
  std::string words = NamesOf(command.commands);
  bool paths = false;
  for (const OptionShape& option : command.options) {
    words += " " + Joined(option.names.empty() ? option.choices : option.names);
    paths = paths || (option.names.empty() && option.wants_path());
  }
  std::string text = "    " + Quoted(path) + ") words=" + Quoted(words);
  if (paths) text += "; [[ $current == -* ]] || compopt -o default";
  return text + " ;;\n";
}

struct BashCases {
  std::string nested;  // commands that have others below them
  std::string values;
  std::string words;
};

void AddBashCases(const std::string& path, const CommandShape& command, BashCases& cases) {
  for (const OptionShape& option : command.options) {
    if (!option.names.empty() && !option.value.empty()) cases.values += BashValueCase(path, option);
  }
  cases.words += BashWordsCase(path, command);
  for (const CommandShape& inner : command.commands) {
    AddBashCases(path.empty() ? inner.name : path + " " + inner.name, inner, cases);
  }
  if (!path.empty() && !command.commands.empty()) {
    std::vector<std::string> names;
    for (const CommandShape& inner : command.commands) names.push_back(inner.name);
    cases.nested += "    " + Quoted(path) + ") case ${COMP_WORDS[2]} in " + Joined(names, "|") +
                    ") ((COMP_CWORD > 2)) && command+=\" ${COMP_WORDS[2]}\" ;; esac ;;\n";
  }
}

std::string Bash(const CommandShape& program) {
  BashCases cases;
  AddBashCases("", program, cases);
  return "# Completion of warder for bash. To use it: source <(warder completion bash)\n"
         "_warder() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} command='' words=''\n"
         "  ((COMP_CWORD > 1)) && command=${COMP_WORDS[1]}\n"
         "  case $command in\n" +
         cases.nested +
         "  esac\n"
         "  COMPREPLY=()\n"
         "  case $command:${COMP_WORDS[COMP_CWORD-1]} in\n" +
         cases.values +
         "  esac\n"
         "  case $command in\n" +
         cases.words +
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

// What completes a command whose own name is the first of $words: with others below it, those first.
std::string ZshBody(const CommandShape& command, const std::string& indent) {
  if (command.commands.empty()) return indent + "_arguments" + ZshSpecifications(command) + "\n";
  std::string names;
  std::string cases;
  for (const CommandShape& inner : command.commands) {
    names.append(indent).append("  ").append(Quoted(ZshEscaped(inner.name, ":") + ":" + inner.summary)).append("\n");
    cases.append(indent).append("  ").append(inner.name).append(")\n");
    cases.append(ZshBody(inner, indent + "    ")).append(indent).append("    ;;\n");
  }
  return indent + "commands=(\n" + names + indent + ")\n" + indent + "if ((CURRENT == 2)); then\n" + indent +
         "  [[ $words[2] == -* ]] || _describe command commands\n" + indent + "  _arguments" +
         ZshSpecifications(command) + "\n" + indent + "  return\n" + indent + "fi\n" + indent + "shift words\n" +
         indent + "((CURRENT--))\n" + indent + "case $words[1] in\n" + cases + indent + "  *) _arguments" +
         ZshSpecifications(command) + " ;;\n" + indent + "esac\n";
}

std::string Zsh(const CommandShape& program) {
  return "#compdef warder\n"
         "# Completion of warder for zsh. To use it: warder completion zsh >\"${fpath[1]}/_warder\"\n"
         "_warder() {\n"
         "  local -a commands\n" +
         ZshBody(program, "  ") +
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

// Everything that is offered once the words of `seen` stand on the line.
std::string FishBody(const CommandShape& command, const std::string& seen) {
  std::string text;
  const std::string names = NamesOf(command.commands);
  const std::string none =
      seen.empty() ? "__fish_use_subcommand" : seen + "; and not __fish_seen_subcommand_from " + names;
  const std::string condition = command.commands.empty() ? seen : none;
  for (const OptionShape& option : command.options) text += FishOption(option, condition);
  for (const CommandShape& inner : command.commands) {
    text += "complete -c warder -n " + Quoted(condition) + " -a " + Quoted(inner.name) + " -d " +
            Quoted(inner.summary) + "\n";
    text += FishBody(inner, (seen.empty() ? "" : seen + "; and ") + "__fish_seen_subcommand_from " + inner.name);
  }
  return text;
}

std::string Fish(const CommandShape& program) {
  return "# Completion of warder for fish. To use it: warder completion fish >~/.config/fish/completions/warder.fish\n"
         "complete -c warder -f\n" +
         FishBody(program, "");
}

}  // namespace

const std::vector<std::string>& CompletionShells() {
  static const std::vector<std::string> shells = {"bash", "zsh", "fish"};
  return shells;
}

std::string CompletionScript(std::string_view shell, const CommandShape& program) {
  if (shell == "bash") return Bash(program);
  return shell == "zsh" ? Zsh(program) : Fish(program);
}

}  // namespace warder::cli
