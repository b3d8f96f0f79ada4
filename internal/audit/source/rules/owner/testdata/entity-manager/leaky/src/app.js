const express = require('express')
const passport = require('passport')
const { getDataSource } = require('./data')
const { Organization } = require('./organization.entity')
const { Note } = require('./note.entity')
const { User } = require('./user.entity')
const app = express()

const mayEdit = (setting) => (req, res, next) => {
  if (req.user && (req.user.role_id === 1 || getDataSource().setting(setting) >= req.user.role_id)) {
    next()
  } else {
    res.redirect('/login')
  }
}

app.use((req, res, next) => {
  passport.authenticate('jwt', { session: false }, (err, user) => {
    req.user = user
    next()
  })(req, res, next)
})

app.get('/organization', async (req, res) => {
  if (!req.user) return res.status(401).end()
  const runner = getDataSource().createQueryRunner()
  const found = await runner.manager.findOneBy(Organization, { id: req.query.id })
  res.json(found)
})

app.post('/users/disable', async (req, res) => {
  if (!req.user) return res.status(401).end()
  const runner = getDataSource().createQueryRunner()
  const user = await runner.manager.findOneBy(User, { id: req.body.id })
  res.json(user)
})

app.post('/notes/:id/delete', async (req, res) => {
  if (!req.user) return res.status(401).end()
  const runner = getDataSource().createQueryRunner()
  const note = await runner.manager.findOneBy(Note, { id: req.params.id })
  if (note) await runner.manager.remove(note)
  res.json(note)
})

module.exports = app
