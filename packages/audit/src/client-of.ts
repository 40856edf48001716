/** The client's id. Older rows that are not calls have it as `client_id`. */
export const clientOf = ({ client, client_id: older }: Record<string, unknown>): unknown => client ?? older;
