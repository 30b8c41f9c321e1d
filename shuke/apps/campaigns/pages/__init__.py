"""Pages of campaigns: lists, editing, one campaign, its report."""
