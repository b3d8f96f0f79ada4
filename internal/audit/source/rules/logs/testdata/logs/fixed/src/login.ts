import { Router } from 'express'
import { logger } from './logger'
import { issueToken } from './tokens'

export const router = Router()

router.post('/login', async (req, res) => {
  const { userId } = await issueToken(req.body.email, req.body.password)
  logger.info('signed in', { userId })
  res.json({ userId })
})
