const express = require('express')
const User = require('../models/User')
const Project = require('../models/Project')
const auth = require('../middleware/auth')
const { run } = require('../services/ai')

const router = express.Router()

router.post('/run', auth, async (req, res) => {
  const user = await User.findById(req.user.userId)
  if (!user) return res.status(401).json({ message: 'User not found' })
  if (user.credits <= 0) return res.status(403).json({ message: 'No credits left' })
  const out = await run(req.body.prompt)
  user.credits -= 1
  await user.save()
  res.json({ out })
})

router.get('/projects/:id', auth, async (req, res) => {
  const project = await Project.findById(req.params.id)
  if (!project) return res.status(404).json({ message: 'Not found' })
  res.json(project)
})

router.put('/projects/:id', auth, async (req, res) => {
  const project = await Project.findByIdAndUpdate(req.params.id, req.body, { new: true })
  res.json(project)
})

module.exports = router
