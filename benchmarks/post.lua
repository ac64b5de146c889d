-- For wrk: posts the pictures that PICTURES lists, in turn, and counts what is answered.
-- Arguments: the file that lists them, one a line.

local threads = {}

function setup(thread)
  thread:set("first", #threads)
  table.insert(threads, thread)
end

function init(arguments)
  requests, statuses = {}, {}
  for name in io.lines(arguments[1]) do
    local file = assert(io.open(name, "rb"))
    local body = file:read("*a")
    file:close()
    table.insert(requests, wrk.format("POST", nil, {["Content-Type"] = "image/jpeg"}, body))
  end
  turn = first * math.floor(#requests / 2)
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function response(status)
  statuses[status] = (statuses[status] or 0) + 1
  counted = ""
  for number, times in pairs(statuses) do
    counted = counted .. number .. " " .. times .. " "
  end
end

function done(summary, latency)
  local total = {}
  for _, thread in ipairs(threads) do
    for number, times in (thread:get("counted") or ""):gmatch("(%d+) (%d+)") do
      total[number] = (total[number] or 0) + times
    end
  end
  local pairs_ = {}
  for number, times in pairs(total) do
    table.insert(pairs_, string.format('"%s": %d', number, times))
  end
  local e = summary.errors
  print(string.format(
    'RESULT {"seconds": %.3f, "requests": %d, "p50_ms": %.2f, "p99_ms": %.2f, "max_ms": %.2f, ' ..
    '"connect": %d, "read": %d, "write": %d, "timeout": %d, "statuses": {%s}}',
    summary.duration / 1e6, summary.requests, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3,
    e.connect, e.read, e.write, e.timeout, table.concat(pairs_, ", ")))
end
