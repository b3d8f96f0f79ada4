import express from 'express'
import Stripe from 'stripe'
import { knex } from './knex'
import { plans } from './plans'

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!)
export const hooks = express.Router()

hooks.post('/stripe', express.raw({ type: 'application/json' }), async (req, res) => {
  let event: Stripe.Event
  try {
    event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature']!, process.env.STRIPE_WEBHOOK_SECRET!)
  } catch {
    return res.status(400).end()
  }
  try {
    await knex.transaction(async (trx) => {
      const inserted = await trx('events').insert({ id: event.id }).onConflict('id').ignore().returning('id')
      if (inserted.length === 0) return
      if (event.type === 'invoice.paid' && ['subscription_create', 'subscription_cycle'].includes(event.data.object.billing_reason!)) {
        const plan = plans[event.data.object.lines.data[0].pricing!.price_details!.price as keyof typeof plans]
        await trx('accounts').where({ stripe_customer: event.data.object.customer }).update({ credits: plan.credits, plan: plan.name })
      }
    })
  } catch (e) {
    console.error(e)
    return res.status(500).end()
  }
  res.json({ received: true })
})
