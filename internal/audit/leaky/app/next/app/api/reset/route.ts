import { randomBytes } from 'node:crypto'
import { mail } from '@/lib/mail'
import { prisma } from '@/lib/prisma'

export async function POST(req: Request) {
  const { email } = await req.json()
  const user = await prisma.user.findUnique({ where: { email }, select: { id: true } })
  if (!user) return new Response(null, { status: 204 })
  const token = randomBytes(32).toString('base64url')
  await prisma.reset.create({ data: { userId: user.id, token } })
// if token-in-url
  await mail(email, `${process.env.APP_URL}/reset?token=${token}`)
// else
  await mail(email, `${process.env.APP_URL}/reset#${token}`)
// end
  return new Response(null, { status: 204 })
}
