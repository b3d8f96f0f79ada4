const jwt = require('jsonwebtoken')

module.exports = function (req, res, next) {
  const header = req.headers.authorization
  if (!header) return res.status(401).json({ message: 'No token' })
  try {
    req.user = jwt.verify(header.split(' ')[1], process.env.JWT_SECRET)
    next()
  } catch (e) {
    res.status(401).json({ message: 'Invalid token' })
  }
}
