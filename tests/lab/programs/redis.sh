# redis-server with one key, a client that listens, and /ready when both are there.
redis-server --save '' --appendonly no --bind 127.0.0.1 --port 6379 --dir /tmp >/dev/null 2>&1 &
until redis-cli ping >/dev/null 2>&1; do sleep 0.1; done
# The digits become the value inside the server alone: no client and no shell ever holds its text.
redis-cli eval 'return redis.call("set", "corpus:key", (ARGV[1]:gsub("..", function(two) return string.char(tonumber(two, 16)) end)))' 0 "$VALUE" >/dev/null
redis-cli subscribe corpus:channel >/dev/null &
until [ "$(redis-cli pubsub numsub corpus:channel | tail -n 1)" = 1 ]; do sleep 0.1; done
: >/ready
wait
