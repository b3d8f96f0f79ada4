import { randomBytes } from 'node:crypto'
import { verify } from '@node-rs/argon2'
import { prisma } from './prisma'

export async function login(email: string, password: string) {
  const user = await prisma.user.findUnique({ where: { email } })
  if (!user || !(await verify(user.passwordHash, password))) throw new Error('wrong address or password')
  return prisma.session.create({ data: { userId: user.id, token: randomBytes(32).toString('base64url') } })
}
