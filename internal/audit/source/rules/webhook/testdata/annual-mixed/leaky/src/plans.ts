export const plans = {
  price_basic_m: { name: 'basic', credits: 100, every: 'month' },
  price_basic_y: { name: 'basic', credits: 100, every: 'year' },
}
