import { Router } from 'express'
import { logger } from './logger'
import { issueToken } from './tokens'

export const router = Router()

router.post('/login', async (req, res) => {
  logger.info('login attempt', { body: req.body })
  const { token, userId } = await issueToken(req.body.email, req.body.password)
  logger.debug({ token, userId })
  res.json({ userId })
})
