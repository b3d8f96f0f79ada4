import type { NextApiRequest, NextApiResponse } from 'next'
import { getServerSession } from 'next-auth/next'
import { authOptions } from '../../lib/auth'
import prisma from '../../lib/prisma'
import { generate } from '../../lib/ai'

export default async function handler(req: NextApiRequest, res: NextApiResponse) {
  const session = await getServerSession(req, res, authOptions)
  if (!session) return res.status(401).json({ message: 'Unauthorized' })
  const taken = await prisma.user.updateMany({ where: { email: session.user.email, credits: { gte: 1 } }, data: { credits: { decrement: 1 } } })
  if (taken.count === 0) {
    return res.status(403).json({ message: 'No credits' })
  }
  const image = await generate(req.body.prompt)
  res.json({ image })
}
