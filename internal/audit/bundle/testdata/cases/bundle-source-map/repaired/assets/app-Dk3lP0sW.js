console.log(1)
//# sourceMappingURL=app-Dk3lP0sW.js.map
