const store = new Map()

function cache(seconds) {
  return (req, res, next) => {
    const key = `${req.user ? req.user.id : 'anonymous'}:${req.originalUrl}`
    const hit = store.get(key)
    if (hit && hit.until > Date.now()) return res.json(hit.body)
    const json = res.json.bind(res)
    res.json = (body) => {
      store.set(key, { body, until: Date.now() + seconds * 1000 })
      return json(body)
    }
    next()
  }
}

module.exports = { cache }
