const { Queue } = require('bullmq')
const express = require('express')
const { restore } = require('./archive')
const { logger } = require('./logger')
const app = express()

class Jobs {
  constructor() {
    this.connection = { host: process.env.REDIS_HOST, password: process.env.REDIS_PASSWORD }
    this.queue = new Queue('mail', { connection: this.connection })
  }

  watch() {
    this.queue.on('error', (error) => logger.error('queue failed', { error }))
    logger.info(`queue ${this.queue.name} is open`)
    logger.info(`connects with ${this.connection.password}`)
  }
}

app.post('/restore', async (req, res) => {
  const { password } = req.body
  const err = await restore('/tmp/upload', password)
  if (err) console.error(password, err)
  res.redirect('/')
})

module.exports = { Jobs, app }
