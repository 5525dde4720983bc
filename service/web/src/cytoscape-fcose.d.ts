declare module "cytoscape-fcose" {
  const fcose: (register: (type: "layout", name: string, implementation: unknown) => void) => void;
  export default fcose;
}
