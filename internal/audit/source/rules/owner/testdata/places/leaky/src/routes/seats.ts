import express from 'express'
import { prisma } from '../prisma'
import { allow } from '../allow'

const router = express.Router()

router.post('/', allow(['USER', 'ADMIN']), async (req, res) => {
  const seat = await prisma.seat.create({ data: { label: req.body.label, ownerId: req.body.ownerId } })
  res.json(seat)
})

export default router
