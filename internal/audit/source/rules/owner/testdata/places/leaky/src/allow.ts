import jwt from 'jsonwebtoken'
import asyncHandler from 'express-async-handler'

export const allow = (roles: string[]) =>
  asyncHandler(async (req: any, res: any, next: any) => {
    const token = req.headers.authorization?.replace('Bearer ', '')
    if (!token) throw new Error('sign in')
    req.user = jwt.verify(token, process.env.JWT_SECRET as string)
    if (!roles.includes(req.user.role)) throw new Error('not allowed')
    next()
  })
