# The packed command, end to end: bash command-line.sh DATA NODE
set -euo pipefail
data=$1 node=$2
osspipe() { "$node" node_modules/osspipe/dist/cli/main.js "$@"; }
mkfifo "$data.fifo"
"$node" node_modules/osspipe/dist/cli/main.js serve --bucket demo --data "$data" > "$data.fifo" &
served=$!
trap 'kill "$served" 2> /dev/null || true' EXIT
while read -r line; do
  case $line in
    export*) eval "$line" ;;
    listening*) break ;;
  esac
done < "$data.fifo"
osspipe put -q -z gzip oss://demo/dump.gz -- echo 'from a command'
osspipe get -q -z gzip oss://demo/dump.gz "$data.txt"
cat "$data.txt"
osspipe ls -q oss://demo
kill "$served"
wait "$served"
echo stopped
