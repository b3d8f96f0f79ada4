import { verifySignatureAppRouter } from '@upstash/qstash/nextjs'
import { prisma } from '@/lib/prisma'

async function handler() {
  await prisma.session.deleteMany({ where: { expires: { lt: new Date() } } })
  return Response.json({ ok: true })
}

export const POST = verifySignatureAppRouter(handler)
