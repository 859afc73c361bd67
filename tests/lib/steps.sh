# shellcheck shell=bash
# step TITLE COMMAND... runs COMMAND quietly and tells a person how far it is. Sourced; set step_log to a file first.
#
# On a terminal the last line of the command's output is shown while it runs. When it fails, step prints the end of the
# output and where the rest is, and returns the command's exit code.

if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ] && [ -z "${NO_COLOR:-}" ]; then
  step_bold=$'\e[1m' step_dim=$'\e[2m' step_red=$'\e[31m' step_green=$'\e[32m' step_reset=$'\e[0m' step_live=yes
else
  step_bold='' step_dim='' step_red='' step_green='' step_reset='' step_live=''
fi
step_ticker=''
: "${step_log:=}"

heading() { printf '\n%s%s%s\n' "$step_bold" "$*" "$step_reset" >&2; }
complain() { printf '%s%s%s\n' "$step_red" "$*" "$step_reset" >&2; }

step_tick() {
  local title=$1 columns
  columns=$(tput cols 2>/dev/null || echo 80)
  while sleep 0.5; do
    printf '\r\e[K  %s %s%s%s' "$title" "$step_dim" \
      "$(tail -c 400 "$step_log" | tr '\r' '\n' | tail -n 1 | tr -cd '[:print:]' | cut -c "1-$((columns - ${#title} - 4))")" \
      "$step_reset" >&2
  done
}

step_end_ticker() {
  [ -n "$step_ticker" ] || return 0
  kill "$step_ticker" 2>/dev/null
  wait "$step_ticker" 2>/dev/null
  step_ticker=''
  printf '\r\e[K' >&2
}

step() {
  local title=$1 begun=$SECONDS status=0 from
  shift
  : "${step_log:?set it to a file first}"
  mkdir -p "$(dirname "$step_log")"
  printf '\n== %s: %s\n' "$title" "$*" >>"$step_log"
  from=$(wc -l <"$step_log")
  if [ -n "$step_live" ]; then
    step_tick "$title" &
    step_ticker=$!
  fi
  "$@" >>"$step_log" 2>&1 </dev/null || status=$?
  step_end_ticker
  if [ "$status" = 0 ]; then
    printf '  %s %sok%s (%d s)\n' "$title" "$step_green" "$step_reset" $((SECONDS - begun)) >&2
  else
    printf '  %s %sfailed%s (exit code %d, %d s); the end of its output:\n\n' "$title" "$step_red" "$step_reset" \
      "$status" $((SECONDS - begun)) >&2
    tail -n "+$((from + 1))" "$step_log" | tail -n 40 >&2
    complain "$title failed. All of its output is in $step_log."
  fi
  return "$status"
}
