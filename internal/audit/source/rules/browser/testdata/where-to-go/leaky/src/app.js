const express = require('express')
const passport = require('passport')
const { sign } = require('./tokens')
const app = express()

app.get('/login-with/:method', (req, res, next) => {
  if (req.query.dest) res.cookie('login_dest', req.query.dest)
  passport.authenticate(req.params.method)(req, res, next)
})

app.post('/login', passport.authenticate('local'), (req, res) => {
  res.cookie('login', sign(req.user.id))
  res.redirect('/')
})

app.use('/frame', (req, res, next) => {
  if (req.headers.cookie?.includes('admin-session')) {
    next()
  } else {
    res.setHeader('Cache-Control', 'public, max-age=0')
    res.sendStatus(204)
  }
})

module.exports = app
