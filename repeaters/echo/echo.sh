#!/usr/bin/env bash
# The echo repeater in Bash and jq: line profile, one JSON object per line on fd 3. SPEC.md §Line profile.
set -u
say() { printf '%s\n' "$1" >&3; }                       # one message
end() { say "{\"t\":\"END\",\"s\":$s,\"ok\":true,\"exit\":$1}"; }
ended() { say "{\"t\":\"END\",\"s\":$s,\"ok\":false,\"error\":{\"name\":\"$1\",\"message\":\"$2\"}}"; }
param() { jq -r --arg name "$1" '.params[$name]' <<<"$line"; }

actions='[
  {"name":"say","title":"Say a text","params":{"type":"object","properties":{"text":{"type":"string","maxLength":65536}},"required":["text"],"additionalProperties":false}},
  {"name":"stderr","title":"Say a text on stderr","params":{"type":"object","properties":{"text":{"type":"string","maxLength":65536}},"required":["text"],"additionalProperties":false}},
  {"name":"cat","title":"Say what comes in on stdin","stdin":true,"params":{"type":"object","properties":{},"additionalProperties":false}},
  {"name":"fail","title":"End with an exit code","params":{"type":"object","properties":{"exit":{"type":"integer","minimum":0,"maximum":255}},"required":["exit"],"additionalProperties":false}},
  {"name":"slow","title":"Wait, then say so","params":{"type":"object","properties":{"ms":{"type":"integer","minimum":0,"maximum":3600000}},"required":["ms"],"additionalProperties":false}},
  {"name":"flood","title":"Say so many bytes","params":{"type":"object","properties":{"bytes":{"type":"integer","minimum":0,"maximum":1099511627776}},"required":["bytes"],"additionalProperties":false}}]'
say "$(jq -c '{t:"REGISTER",actions:map(. + {annotations:{readOnly:true,destructive:false,idempotent:true,openWorld:false}})}' <<<"$actions")"

block=$(printf 'x%.0s' {1..4096}); block=$block$block$block$block$block$block$block$block

flood() { # as many bytes as asked for; nobody else is served meanwhile, but a CANCEL is heard between two blocks
  local left=$1
  while ((left > 0)); do
    say "{\"t\":\"DATA\",\"s\":$s,\"c\":1,\"text\":\"${block:0:left}\"}"
    ((left -= ${#block}))
    if read -r -t 0 -u 3; then read -r -u 3 line; cancelled && return 1; fi
  done
}
cancelled() { [[ $line == *'"t":"CANCEL"'* ]]; }

while IFS= read -r -u 3 line; do
  IFS=$'\t' read -r t s action < <(jq -r '[.t, .s // 0, .action // ""] | @tsv' <<<"$line")
  [[ $t == CALL ]] || continue                          # late messages of a call that is over, and unknown ones
  case $action in
    say)    jq -c '{t:"DATA", s, c:1, text:(.params.text + "\n")}' <<<"$line" >&3; end 0 ;;
    stderr) jq -c '{t:"DATA", s, c:2, text:(.params.text + "\n")}' <<<"$line" >&3; end 0 ;;
    fail)   end "$(param exit)" ;;
    flood)  if flood "$(param bytes)"; then end 0; else ended cancelled 'the call was cancelled'; fi ;;
    slow)   ms=$(param ms); outcome=0
            while read -r -t "$((ms / 1000)).$(printf %03d $((ms % 1000)))" -u 3 line; do
              if cancelled; then outcome=1; break; fi
            done
            if ((outcome)); then ended cancelled 'the call was cancelled'
            else say "{\"t\":\"DATA\",\"s\":$s,\"c\":1,\"text\":\"done\\n\"}"; end 0; fi ;;
    cat)    while IFS= read -r -u 3 line; do
              if cancelled; then ended cancelled 'the call was cancelled'; break; fi
              [[ $line == *'"t":"DATA"'* ]] || continue
              if [[ $line == *'"fin":true'* ]]; then end 0; break; fi
              say "${line/'"c":0'/'"c":1'}"
            done ;;
    *)      ended no_such_action 'there is no such action' ;;
  esac
done
