const express = require('express')
const app = express()
const { links } = require('./links')

app.get('/links', async (req, res) => {
  if (!req.user) return res.status(401).end()
  if (!req.query.limit) {
    return res.status(403).json({ error: 'limit is missing' })
  }
  res.json(await links(req.user.id, req.query.limit))
})

module.exports = app
