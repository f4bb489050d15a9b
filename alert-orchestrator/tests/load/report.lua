-- What the measuring script reads of a run of wrk: one line of JSON, times in microseconds.
function done(summary, latency)
  local e = summary.errors
  print(string.format(
    '{"requests": %d, "micros": %d, "bytes": %d, "p99_micros": %d, "failed": %d}',
    summary.requests, summary.duration, summary.bytes, latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout
  ))
end
