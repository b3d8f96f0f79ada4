const express = require('express')
const User = require('../models/User')
const Project = require('../models/Project')
const auth = require('../middleware/auth')
const { run } = require('../services/ai')

const router = express.Router()

router.post('/run', auth, async (req, res) => {
  const user = await User.findOneAndUpdate({ _id: req.user.userId, credits: { $gte: 1 } }, { $inc: { credits: -1 } })
  if (!user) return res.status(403).json({ message: 'No credits left' })
  const out = await run(req.body.prompt)
  res.json({ out })
})

router.get('/projects/:id', auth, async (req, res) => {
  const project = await Project.findOne({ _id: req.params.id, owner: req.user.userId })
  if (!project) return res.status(404).json({ message: 'Not found' })
  res.json(project)
})

router.put('/projects/:id', auth, async (req, res) => {
  const project = await Project.findById(req.params.id)
  if (!project) return res.status(404).json({ message: 'Not found' })
  if (project.owner.toString() !== req.user.userId) return res.status(403).json({ message: 'Forbidden' })
  project.title = req.body.title
  await project.save()
  res.json(project)
})

module.exports = router
