async function body(req) {
  if (req.body) return typeof req.body === 'string' ? JSON.parse(req.body) : req.body
  const parts = []
  for await (const part of req) parts.push(part)
  return JSON.parse(Buffer.concat(parts).toString('utf8') || '{}')
}
module.exports = { body }
