import type { NextApiRequest, NextApiResponse } from 'next'
import { getServerSession } from 'next-auth/next'
import { authOptions } from '../../lib/auth'
import prisma from '../../lib/prisma'
import { generate } from '../../lib/ai'

export default async function handler(req: NextApiRequest, res: NextApiResponse) {
  const session = await getServerSession(req, res, authOptions)
  if (!session) return res.status(401).json({ message: 'Unauthorized' })
  const user = await prisma.user.findUnique({ where: { email: session.user.email } })
  if (!user || user.credits <= 0) {
    return res.status(403).json({ message: 'No credits' })
  }
  const image = await generate(req.body.prompt)
  await prisma.user.update({ where: { id: user.id }, data: { credits: { decrement: 1 } } })
  res.json({ image })
}
