-- Plays the requests of the file MIX one after the other: METHOD <tab> path <tab> cookie <tab> body
local requests, next_one = {}, 0

function init(args)
  for line in io.lines(os.getenv("MIX")) do
    local method, path, cookie, body = line:match("^(%S+)\t(%S+)\t([^\t]*)\t(.*)$")
    local headers = { ["Host"] = os.getenv("MIX_HOST") }
    if cookie ~= "" then headers["Cookie"] = cookie end
    if body ~= "" then headers["Content-Type"] = "application/x-www-form-urlencoded" end
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end
